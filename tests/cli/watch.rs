//! `status --watch`: one screen on a terminal, a block or a line for each change elsewhere.

use super::terminal::{GONE, exit_code, of_columns};
use crate::bench::Machine;
use crate::bench::program::CONFIG;

#[test]
fn a_terminal_is_drawn_over_until_ctrl_c() {
    let machine = Machine::only_a_home();
    let options = ["status", "--watch", "--interval", "1", "--lang", "en"];
    let mut terminal = of_columns(&machine, 100, &options, &[]);
    let mut shown = terminal.exp_string("last transaction").unwrap();
    machine.write(CONFIG, "{");
    shown += &terminal.exp_string("config.syntax").unwrap();
    terminal.send_control('c').unwrap();
    shown += &terminal.exp_string(GONE).unwrap();
    assert_eq!(exit_code(&machine), "0\n", "{shown:?}");
    assert_eq!(shown.matches("\u{1b}[2J").count(), 1, "emptied once: {shown:?}");
    assert!(shown.matches("\u{1b}[H").count() > 1, "{shown:?}");
    assert!(!shown.contains("\u{1b}[2K"), "no bar, no blank line: {shown:?}");
}

/// What a watch writes into a file, with how it ended: the config breaks under it.
fn watched(options: &str) -> String {
    let machine = Machine::only_a_home();
    machine.shell(&format!(
        "timeout 60 bash -c 'openclaw-setup status --watch --interval 1 {options} >watched & pid=$!
           until grep -q -i transaction watched; do sleep 0.05; done
           echo {{ >{CONFIG}
           until grep -q config.syntax watched; do sleep 0.05; done
           kill -INT $pid; wait $pid; echo $? >>watched'"
    ));
    machine.read_text("watched")
}

#[test]
fn elsewhere_there_is_a_block_for_each_change() {
    let text = watched("--lang en");
    assert_eq!(text.matches("every 1 s until Ctrl-C").count(), 2, "{text}");
    assert!(text.ends_with("\n\n0\n") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn data_is_a_document_a_line() {
    let text = watched("--json");
    let mut lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.pop(), Some("0"), "{text}");
    let documents: Vec<serde_json::Value> =
        lines.into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 2, "{text}");
    for (document, readable) in documents.iter().zip([true, false]) {
        assert_eq!(document["openclaw"]["configReadable"], readable, "{document:#}");
        assert!(document["time"].as_str().unwrap().ends_with('Z'), "{document:#}");
    }
}

#[test]
fn a_reader_that_goes_ends_it() {
    let machine = Machine::only_a_home();
    let ended = machine.shell(
        "timeout 60 openclaw-setup status --watch --interval 3600 | head -1 >/dev/null; echo ${PIPESTATUS[0]}",
    );
    assert_eq!(ended, "0");
}
