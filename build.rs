//! The translations as the program carries them: packed, which takes a third of the space.

use std::io::Write;
use std::path::Path;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const TEXTS: &str = "po/zh_CN.po";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={TEXTS}");
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&fs::read(TEXTS)?)?;
    fs::write(Path::new(&folder).join("zh_CN.po.gz"), packed.finish()?)
}
