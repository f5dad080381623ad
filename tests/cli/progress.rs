//! The bar of long work, as a terminal shows it: one, as wide as the terminal, gone when the work is done.

use super::terminal::{GONE, TTY, as_read, as_written, exit_code, of_columns};
use crate::bench::program::PAYLOAD;
use crate::bench::{Machine, said};

const FULL: char = '█';
const EMPTY: char = '░';

/// What a terminal shows, as far as the program uses one, and the most that it ever showed of bars.
#[derive(Default)]
struct Screen {
    width: usize,
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    most_bars: usize,
    widest_bar: usize,
}

impl Screen {
    fn of(text: &str, columns: u16) -> Self {
        let width = usize::from(columns);
        let mut screen = Self { width, lines: vec![Vec::new()], ..Self::default() };
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            match character {
                '\r' => screen.column = 0,
                '\n' => screen.down(),
                '\u{1b}' => screen.obey(&mut rest),
                character => screen.put(character),
            }
        }
        screen
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row == self.lines.len() {
            self.lines.push(Vec::new());
        }
    }

    fn obey(&mut self, rest: &mut std::str::Chars<'_>) {
        assert_eq!(rest.next(), Some('['));
        let mut number = String::new();
        let letter = rest.find(|character| {
            let is_letter = character.is_ascii_alphabetic();
            if !is_letter {
                number.push(*character);
            }
            is_letter
        });
        match letter {
            Some('A') => self.row -= number.parse::<usize>().unwrap_or(1),
            Some('B') => (0..number.parse().unwrap_or(1)).for_each(|_| self.down()),
            Some('K') if number == "2" => self.lines[self.row].clear(),
            Some('K') => self.lines[self.row].truncate(self.column),
            Some('m') => {}
            other => panic!("no terminal of ours knows ESC [ {number} {other:?}"),
        }
    }

    fn put(&mut self, character: char) {
        if self.column == self.width {
            self.column = 0;
            self.down();
        }
        let line = &mut self.lines[self.row];
        if line.len() <= self.column {
            line.resize(self.column + 1, ' ');
        }
        line[self.column] = character;
        self.column += 1;
        let bars = self.lines.iter().filter(|line| is_bar(line));
        self.most_bars = self.most_bars.max(bars.clone().count());
        self.widest_bar = self.widest_bar.max(bars.map(Vec::len).max().unwrap_or(0));
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| line.iter().collect::<String>() + "\n").collect()
    }
}

fn is_bar(line: &[char]) -> bool {
    line.iter().any(|character| [FULL, EMPTY].contains(character))
}

/// A payload that takes a while to read and to copy: 400 MB, a hole in the file system.
fn with_a_large_payload() -> Machine {
    let machine = Machine::only_a_home();
    machine.shell(&format!(
        "cd {PAYLOAD}; mkdir assets; truncate -s 400M assets/large.bin; sha256sum *.json plugin.ts assets/large.bin >SHA256SUMS"
    ));
    machine.write("secret", "s3cret");
    machine
}

const INSTALL: [&str; 7] =
    ["install", PAYLOAD, "--yes", "--client-id", "ding1", "--client-secret-file", "secret"];

/// All that the terminal of an installation gets.
fn installed(columns: u16, more: &[&str], variables: &[(&str, &str)]) -> String {
    let machine = with_a_large_payload();
    let arguments = [&INSTALL[..], more].concat();
    let mut terminal = of_columns(&machine, columns, &arguments, variables);
    let shown = as_written(&terminal.exp_string(GONE).unwrap());
    assert_eq!(exit_code(&machine), "0\n", "{shown}");
    shown
}

#[test]
fn one_bar_that_fits_is_gone_at_the_end_and_the_finished_lines_stay() {
    for columns in [40, 80, 200] {
        let shown = installed(columns, &[], &[]);
        let screen = Screen::of(&shown, columns);
        assert_eq!(screen.most_bars, 1, "{columns}: {shown:?}");
        // what has no known size counts nothing
        let mut drawn = shown.split(['\r', '\n']).filter(|line| !line.contains([FULL, EMPTY]));
        assert_eq!(drawn.find(|line| line.contains('%')), None, "{shown:?}");
        let fitting = usize::from(columns * 4 / 5)..=usize::from(columns);
        assert!(fitting.contains(&screen.widest_bar), "{}", screen.widest_bar);
        assert!(shown.contains("\u{1b}[36m"), "the bar has a colour: {shown:?}");
        let left = screen.text();
        assert!(!left.contains([FULL, EMPTY]) && !left.contains('%'), "{left}");
        let steps: Vec<&str> = left.lines().filter(|line| line.starts_with('✓')).collect();
        assert!(steps.len() > 3, "{left}");
    }
}

#[test]
fn a_terminal_that_grows_gets_a_wider_bar() {
    let machine = with_a_large_payload();
    let mut terminal = of_columns(&machine, 60, &INSTALL, &[]);
    let narrow = terminal.exp_string(&as_read("░")).unwrap();
    let widen = format!("stty -F $(cat {TTY}) cols 110");
    machine.command(&["bash", "-c", &widen]).by_root().ask();
    let shown = as_written(&(narrow + &as_read("░") + &terminal.exp_string(GONE).unwrap()));
    let screen = Screen::of(&shown, 110);
    assert_eq!(screen.most_bars, 1, "{shown:?}");
    assert!((90..=110).contains(&screen.widest_bar), "{} columns", screen.widest_bar);
    assert!(!screen.text().contains([FULL, EMPTY]), "{}", screen.text());
}

#[test]
fn without_colour_where_none_is_wanted() {
    for (more, variables, bars) in [
        (&[][..], &[("NO_COLOR", "1")][..], 1),
        (&["--color", "never"], &[], 1),
        (&[], &[("TERM", "dumb")], 0),
    ] {
        let shown = installed(72, more, variables);
        assert_eq!(Screen::of(&shown, 72).most_bars, bars, "{shown:?}");
        let colour = shown.split("\u{1b}[").skip(1).find(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
        });
        assert_eq!(colour, None, "{more:?} {variables:?}");
    }
}

#[test]
fn none_for_those_who_want_quiet_or_data() {
    for (more, variables) in
        [(&["--quiet"][..], &[][..]), (&["--json"], &[]), (&["--json", "--verbose"], &[])]
    {
        let shown = installed(72, more, variables);
        assert!(!shown.contains([FULL, EMPTY]), "{more:?}: {shown:?}");
        assert!(!shown.contains("\u{1b}[2K"), "{more:?}: {shown:?}");
    }
}

#[test]
fn what_goes_well_says_nothing_when_quiet() {
    let machine = Machine::only_a_home();
    // that no gateway runs here is a warning, which is no silence
    assert_eq!(machine.install(&["--yes"]).run().status.code(), Some(0));
    for command in ["verify", "recover", "uninstall"] {
        let done = machine.setup(&[command, "--yes", "--quiet"]).run();
        assert_eq!((done.status.code(), said(&done).as_str()), (Some(0), ""), "{command}");
    }
}

#[test]
fn a_dumb_terminal_gets_text_alone() {
    let machine = Machine::only_a_home();
    for command in ["status", "doctor", "explain"] {
        let mut terminal = of_columns(&machine, 80, &[command], &[("TERM", "dumb")]);
        let shown = terminal.exp_string(GONE).unwrap();
        assert!(!shown.contains('\u{1b}'), "{command}: {shown:?}");
    }
    let mut terminal =
        of_columns(&machine, 80, &["status", "--watch", "--interval", "1"], &[("TERM", "dumb")]);
    let shown = terminal.exp_string("Ctrl-C").unwrap();
    terminal.send_control('c').unwrap();
    let shown = shown + &terminal.exp_string(GONE).unwrap();
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}
