//! Each layer is left out in turn: a test fails, and the record of the run does not claim the layer.

use super::*;

/// The test that fails without this layer.
fn proof(layer: Layer) -> &'static str {
    match layer {
        Layer::Rlimits => "limits_are_the_rlimits",
        Layer::ClosedFds => "limits_hold_and_files_of_the_starter_are_closed",
        Layer::NoNewPrivs => "programs_gain_rights_without_that_layer",
        Layer::NoCapabilities => "rights_of_root_stay_without_that_layer",
        Layer::UnprivilegedUser => "root_is_not_confined",
        Layer::Landlock => "files_that_were_not_granted_are_out_of_reach",
        Layer::Seccomp => "calls_that_no_tool_needs_are_refused",
        Layer::Observer => "calls_fail_when_the_observer_is_gone",
        Layer::FileView => "a_wall_that_does_not_stand_lowers_the_level_and_is_named",
        Layer::UserNamespace | Layer::MountNamespace => "isolated_is_not_claimed_among_the_hosts_own_namespaces",
        Layer::PidNamespace | Layer::NetworkNamespace | Layer::IpcNamespace | Layer::UtsNamespace => {
            "each_thing_that_is_the_hosts_lowers_the_level_and_is_named"
        }
    }
}

#[test]
fn every_layer_has_a_test_that_notices_its_absence() {
    use Layer::*;
    let all = [
        Rlimits,
        ClosedFds,
        NoNewPrivs,
        NoCapabilities,
        UnprivilegedUser,
        Landlock,
        Seccomp,
        Observer,
        FileView,
        UserNamespace,
        PidNamespace,
        MountNamespace,
        NetworkNamespace,
        IpcNamespace,
        UtsNamespace,
    ];
    let tests = [
        include_str!("../tests.rs"),
        include_str!("layers.rs"),
        include_str!("levels.rs"),
        include_str!("reach.rs"),
        include_str!("watched.rs"),
    ]
    .concat();
    for layer in all {
        assert!(tests.contains(&format!("#[test]\nfn {}() {{", proof(layer))), "{layer:?}: no {}", proof(layer));
    }
}

#[test]
fn a_layer_that_was_left_out_is_not_claimed() {
    let ground = Ground::new();
    for layer in [Layer::Rlimits, Layer::ClosedFds, Layer::NoNewPrivs, Layer::Landlock, Layer::Seccomp] {
        let claimed = |without: Vec<Layer>| {
            let plan = WallPlan { without, ..ground.confined() };
            let said = listen_to(in_a_process(|_| match raise(&plan) {
                Ok(raised) => raised.layers.join(" "),
                Err(error) => error.to_string(),
            }));
            said.text.split(' ').any(|word| word == layer.word())
        };
        assert!(claimed(Vec::new()) && !claimed(vec![layer]), "{layer:?}");
    }
}

#[test]
fn limits_are_the_rlimits() {
    let ground = Ground::new();
    let limits = ProcessLimits {
        data_bytes: 64 << 20,
        file_bytes: 4096,
        cpu_seconds: 20,
        threads: Some(4096),
        files: USUAL_FILES,
    };
    let plan = WallPlan { limits, ..ground.confined() };
    let without = WallPlan { without: vec![Layer::Rlimits], ..plan.clone() };
    let large = || fs::write(ground.path("scratch/large"), vec![0; 8192]);
    assert_eq!(behind(&plan, large), Said { text: String::new(), signal: libc::SIGXFSZ });
    assert_eq!(behind(&without, large), Said::of("done"));
    let greedy = || {
        let mut room: Vec<u8> = Vec::new();
        room.try_reserve_exact(200 << 20).map_err(|_| io::Error::from_raw_os_error(libc::EPERM))
    };
    assert_eq!([behind(&plan, greedy), behind(&without, greedy)], [Said::of("EPERM"), Said::of("done")]);
}

#[test]
fn programs_gain_rights_without_that_layer() {
    let ground = Ground::new();
    let plan = ground.plan(IsolationLevel::LimitsOnly);
    let said = |without: Vec<Layer>| {
        let plan = WallPlan { without, ..plan.clone() };
        listen_to(in_a_process(|_| {
            raise(&plan).unwrap();
            let status = fs::read_to_string("/proc/self/status").unwrap();
            status.lines().find(|line| line.starts_with("NoNewPrivs:")).unwrap_or_default().to_owned()
        }))
        .text
    };
    assert_eq!([said(Vec::new()), said(vec![Layer::NoNewPrivs])], ["NoNewPrivs:\t1", "NoNewPrivs:\t0"]);
}

#[test]
fn rights_of_root_stay_without_that_layer() {
    let ground = Ground::new();
    let said = |without: Vec<Layer>| {
        let plan = WallPlan { without, ..ground.plan(IsolationLevel::Isolated) };
        in_spaces(&plan, SPACES, true, |raised| {
            let status = fs::read_to_string("/proc/self/status").unwrap();
            let has_none = status.lines().any(|line| line == "CapEff:\t0000000000000000");
            format!("{} {has_none} {}", raised.level, raised.missing.join("; "))
        })
    };
    assert_eq!(said(Vec::new()), "isolated true ");
    let without = said(vec![Layer::NoCapabilities]);
    assert!(without.contains("false root: it keeps some privileges of root"), "{without}");
    assert!(!without.starts_with("isolated"), "{without}");
}
