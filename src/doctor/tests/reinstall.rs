//! What the repairs of the tree come to, together: one tree, made once.

use super::machine::{Machine, adapted};
use crate::connector::Sha256;
use crate::connector::adaptation::Refit;
use crate::plan::repair::{Base, Reinstall, Repair};
use crate::snapshot::tree::{LocalPayload, Modules};

fn stock(version: &str, modules: Modules) -> LocalPayload {
    let (place, digest) = ("/payload".into(), Sha256::of(b""));
    let refit = Refit::default();
    LocalPayload { place, digest, version: version.to_owned(), modules, refit }
}

fn fetched() -> Modules {
    Modules::Fetched { pins: Vec::new() }
}

#[test]
fn repairs_of_the_tree_become_one_tree() {
    let mut machine = Machine::healthy();
    machine.snapshot.installation.program.package = Some("/openclaw".into());
    let installation = &machine.snapshot.installation;
    let fetch = || Repair::FetchDependencies { pins: Vec::new() };
    let (old, new) = (stock("0.7.10", Modules::Kept), stock("0.8.20", Modules::Brought));
    let [is_old, is_new] = [&old, &new].map(|stock| Base::LocalPayload(stock.clone()));
    let (back, newer) = (Repair::Reinstall(old), Repair::Reinstall(new));
    let cases = [
        (vec![back.clone()], is_old.clone(), Modules::Kept, false, "0.7.10"),
        (vec![back.clone(), fetch()], is_old.clone(), fetched(), false, "0.7.10"),
        (vec![Repair::RealTree, back], is_old, Modules::Kept, false, "0.7.10"),
        (vec![newer], is_new, Modules::Brought, true, "0.8.20"),
        (vec![fetch(), Repair::Restart], Base::Live, fetched(), false, "0.7.9"),
        (vec![Repair::RealTree], Base::Live, Modules::Brought, false, "0.7.9"),
    ];
    for (repairs, base, modules, links, version) in cases {
        let host = links.then(|| "/openclaw".into());
        let refit = (base != Base::Live).then(Refit::default);
        let expected = Reinstall { base, modules, host, refit, version: version.to_owned() };
        assert_eq!(
            Reinstall::of(installation, Some("0.7.9"), &repairs),
            Some(expected),
            "{repairs:?}"
        );
    }
    let linked = Reinstall::of(installation, Some("0.8.17"), &[Repair::LinkHost]).unwrap();
    assert_eq!(linked.changed_parts().collect::<Vec<_>>(), ["node_modules/openclaw"]);
    let refit = adapted();
    let repairs = [Repair::LinkHost, Repair::Adapt(refit.clone())];
    let both = Reinstall::of(installation, Some("0.8.17"), &repairs).unwrap();
    assert_eq!(both.changed_parts().collect::<Vec<_>>(), ["node_modules/openclaw", "dist/a.mjs"]);
    assert_eq!((both.base, both.refit), (Base::Live, Some(refit)));
    assert_eq!(
        Reinstall::of(installation, Some("0.8.17"), &[Repair::Restart, Repair::Linger]),
        None
    );
}
