//! A home with OpenClaw in it, without any user manager: the program then only writes files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::bench::limit;
use super::room::{NOT_ARRANGED, shell};
use super::state::{self, State};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_openclaw-setup");
const FURNISH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/sandbox/furnish.sh");
const LOG: &str = "strace.log";

/// What the sandbox's furniture lacks: a drop-in and a config of somebody else, so that there are
/// groups and modes to keep; payloads with folders, links and programs in them, in two versions.
const FURNISH_MORE: &str = r#"
home=$1
printf 'a-secret' >"$home/secret" && chmod 600 "$home/secret"
drop_in=$home/.config/systemd/user/openclaw-gateway.service.d
mkdir -p "$drop_in"
printf '[Service]\nEnvironment=no_proxy=intranet\n' >"$drop_in/override.conf"
chown :4321 "$drop_in/override.conf" "$home/.openclaw/openclaw.json"
chmod 640 "$drop_in/override.conf"
for version in 0.6.0 0.7.0; do
  tree=$home/payload/$version
  mkdir -p "$tree" && cp -R "$home/payload/dingtalk-connector/." "$tree"
  sed -i "s/\"version\": \"0.6.0\"/\"version\": \"$version\"/" "$tree"/*.json
  mkdir -p "$tree/node_modules/.bin" "$tree/node_modules/silk"
  printf 'echo %s\n' $version >"$tree/node_modules/silk/silk.sh"
  chmod 755 "$tree/node_modules/silk/silk.sh"
  ln -s ../silk/silk.sh "$tree/node_modules/.bin/silk"
  [ $version = 0.6.0 ] || echo new >"$tree/new.txt"
  rm "$tree/SHA256SUMS"
  (cd "$tree" && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >../SUMS && mv ../SUMS SHA256SUMS)
done"#;

/// A home that can be put back to how it was.
#[derive(Debug)]
pub(crate) struct Home {
    /// `$HOME`.
    pub(crate) path: PathBuf,
    /// The folder with all that belongs to it.
    pub(crate) place: PathBuf,
    /// More variables of the program's environment.
    pub(crate) environment: Vec<(String, PathBuf)>,
    /// Where, beside the home, files of it lie.
    pub(crate) elsewhere: Vec<PathBuf>,
    /// Our records.
    pub(crate) records: PathBuf,
    /// A script that makes the home of the template in `$1`, in place `$2`; it ends what was before.
    pub(crate) reset: String,
    /// Options before each command.
    pub(crate) options: &'static [&'static str],
    /// The program, and what starts it.
    pub(crate) start: Vec<PathBuf>,
}

/// An ordinary home, on the file system of the place.
const RESET: &str = r#"rm -rf "$3" && cp -a "$1" "$3""#;

impl Home {
    /// A furnished home in `place`.
    pub(crate) fn furnish(place: &Path) -> Self {
        Self::named(place, "home".as_ref())
    }

    /// A furnished home of that name.
    pub(crate) fn named(place: &Path, name: &Path) -> Self {
        let path = place.join(name);
        fs::create_dir_all(&path).unwrap();
        shell(r#"HOME=$1 PATH=/usr/bin:/bin "$2" --no-start"#, &[&path, FURNISH.as_ref()]);
        shell(FURNISH_MORE, &[&path]);
        fs::rename(&path, place.join("template")).unwrap();
        Self {
            records: path.join(".openclaw/openclaw-setup"),
            path,
            place: place.to_owned(),
            environment: Vec::new(),
            elsewhere: Vec::new(),
            reset: RESET.to_owned(),
            options: &[],
            start: vec![PROGRAM.into()],
        }
    }

    /// Puts it back to how it was furnished.
    pub(crate) fn reset(&self) {
        shell(&self.reset, &[&self.place.join("template"), &self.place, &self.path]);
    }

    /// The program with these words; `~` at the beginning of one is the home.
    pub(crate) fn program(&self, line: &str) -> Command {
        let mut command = Command::new(&self.start[0]);
        command.args(&self.start[1..]).args(self.options);
        for word in line.split_whitespace() {
            match word.strip_prefix("~/") {
                Some(rest) => command.arg(self.path.join(rest)),
                None => command.arg(word),
            };
        }
        command.env_clear().current_dir("/").stdin(std::process::Stdio::null());
        command.env("HOME", &self.path).env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
        command.env("XDG_RUNTIME_DIR", self.place.join("no-bus"));
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }

    /// Runs the program and waits.
    pub(crate) fn run(&self, line: &str) -> Output {
        limit::output(&mut self.program(line))
    }

    /// Runs the program, which has to succeed.
    pub(crate) fn ask(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program where it is not what is tried.
    pub(crate) fn prepare(&self, line: &str) {
        let output = self.run(line);
        assert!(output.status.success(), "{NOT_ARRANGED}{line}: {}", said(&output));
    }

    /// Everything in it.
    pub(crate) fn state(&self) -> State {
        State::of(&self.roots())
    }

    /// Everything that tells how it will be recovered.
    pub(crate) fn fingerprint(&self) -> Vec<String> {
        state::fingerprint(&self.roots())
    }

    /// Temporary files in it.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        state::left_over(&self.roots())
    }

    /// Where strace writes.
    pub(crate) fn log(&self) -> PathBuf {
        self.place.join(LOG)
    }

    fn roots(&self) -> Vec<&Path> {
        let elsewhere = self.elsewhere.iter().map(PathBuf::as_path);
        std::iter::once(self.path.as_path()).chain(elsewhere).collect()
    }
}

/// What a command said, for the message of an assertion.
pub(crate) fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{} {out}{err}", output.status)
}
