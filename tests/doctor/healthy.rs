//! On a healthy machine there is nothing false.

use crate::patient::{document, healthy, of, set};

#[test]
fn a_healthy_machine_has_no_error_and_no_untrue_warning() {
    let machine = healthy();
    let document = document(&machine, &[]);
    assert_eq!(document["ok"], true, "{document:#}");
    assert_eq!(document["schemaVersion"], 1);
    let found = of(&document);
    let bad: Vec<_> = found.iter().filter(|(_, severity)| severity != "info").collect();
    // the sandbox has no logind: nobody lingers there, and that is the truth
    let expected = set(&[("service.linger", "warning")]);
    assert_eq!(bad, expected.iter().collect::<Vec<_>>(), "{document:#}");
    assert!(document["checksRun"].as_u64().unwrap() > 30, "{document:#}");
}
