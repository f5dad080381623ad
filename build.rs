//! What keeps the program small: its long texts packed, and a release without unwind tables.

use std::io::Write;
use std::path::Path;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const TEXTS: [&str; 3] = ["po/zh_CN.po", "src/explanation.txt", "packaging/compatibility.json"];

/// What the linker leaves out of a release, which aborts where others unwind.
const LINKER_SCRIPT: &str = "packaging/no-unwind-tables.ld";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={LINKER_SCRIPT}");
    if env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        let script = fs::canonicalize(LINKER_SCRIPT)?;
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
    }
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for text in TEXTS {
        println!("cargo::rerun-if-changed={text}");
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(text)?)?;
        let name = text.rsplit('/').next().unwrap_or(text);
        fs::write(Path::new(&folder).join(format!("{name}.gz")), packed.finish()?)?;
    }
    Ok(())
}
