//! A link as a QR code, two modules in a character.

use qrcode::render::Renderer;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use rustix::termios::tcgetwinsize;

/// The margin, in modules. The standard's four would take the rows that the code itself needs on a
/// terminal of 24; the colours around it are ours anyway.
const QUIET: usize = 2;

/// What has to stay in sight with the code: the link, which may take two lines, and the wait.
const BESIDE: usize = 4;

/// The code for the terminal of standard error; nothing where it would not fit.
pub fn for_terminal(link: &str) -> Option<String> {
    let size = tcgetwinsize(std::io::stderr()).ok()?;
    within(link, size.ws_col.into(), size.ws_row.into())
}

/// Light modules are drawn, dark ones are left out: on a dark terminal that is right even without
/// colour.
fn within(link: &str, columns: usize, rows: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
    let side = code.width() + 2 * QUIET;
    if side > columns || side.div_ceil(2) + BESIDE > rows {
        return None;
    }
    let (modules, quiet) = (code.to_colors(), u32::try_from(QUIET).ok()?);
    let mut renderer = Renderer::<Dense1x2>::new(&modules, code.width(), quiet);
    Some(renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_code_is_drawn_where_all_of_it_fits_and_nowhere_else() {
        let link = "https://open-dev.dingtalk.com/openapp/registration?user_code=ABCD-EFGH";
        // version 4: 33 modules, and the margin
        let drawn = within(link, 37, 23).unwrap();
        assert!(
            drawn.lines().count() == 19 && drawn.lines().all(|line| line.chars().count() == 37)
        );
        for (columns, rows) in [(36, 23), (37, 22), (0, 0)] {
            assert_eq!(within(link, columns, rows), None, "{columns}x{rows}");
        }
    }
}
