//! The unit's installation out of the property maps that D-Bus delivers.

use std::collections::HashMap;

use zbus::wire::Array;
use zbus::{OwnedVariant, Structure, Variant};

use super::environment::Environment;
use super::time_span;
use super::unit::{ActiveState, CommandLine, EnvironmentFile, LoadState, Unit};

/// All properties of one interface; one that this systemd does not have reads as its zero value.
pub(super) struct Properties(pub(super) HashMap<String, OwnedVariant>);

impl Properties {
    fn get<'a, T: TryFrom<&'a OwnedVariant> + Default>(&'a self, name: &str) -> T {
        self.0.get(name).and_then(|value| T::try_from(value).ok()).unwrap_or_default()
    }

    fn text(&self, name: &str) -> String {
        self.get::<&str>(name).to_owned()
    }

    fn items(&self, name: &str) -> Vec<Variant<'_>> {
        let array = self.0.get(name).and_then(|value| <&Array<'_>>::try_from(value).ok());
        let items = array.map(Array::inner).unwrap_or_default();
        items.iter().filter_map(|item| item.try_clone().ok()).collect()
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.items(name).into_iter().filter_map(|item| item.downcast().ok()).collect()
    }

    fn structure<'a>(&'a self, name: &str) -> Option<&'a Structure<'a>> {
        <&Structure<'_>>::try_from(self.0.get(name)?).ok()
    }
}

/// Puts the `Unit` and the `Service` interface together.
pub(super) fn installation(unit: &Properties, service: &Properties) -> Unit {
    let paths = |name: &str| unit.texts(name).into_iter().map(Into::into).collect();
    Unit {
        name: unit.text("Id"),
        load_state: LoadState::of_name(unit.get("LoadState")),
        load_error: load_error(unit),
        active_state: ActiveState::of_name(unit.get("ActiveState")),
        sub_state: unit.text("SubState"),
        result: service.text("Result"),
        unit_file_state: unit.text("UnitFileState"),
        fragment_path: Some(unit.text("FragmentPath"))
            .filter(|path| !path.is_empty())
            .map(Into::into),
        drop_in_paths: paths("DropInPaths"),
        need_daemon_reload: unit.get("NeedDaemonReload"),
        environment: Environment::of_assignments(service.texts("Environment")),
        environment_files: environment_files(service),
        unset_environment: service.texts("UnsetEnvironment"),
        exec_start: command_lines(service),
        main_pid: Some(service.get::<u32>("MainPID")).filter(|&pid| pid != 0),
        n_restarts: service.get("NRestarts"),
        invocation_id: hexadecimal(unit),
        restart: time_span::of_usec(service.get("RestartUSec")),
        timeout_start: time_span::of_usec(service.get("TimeoutStartUSec")),
        timeout_stop: time_span::of_usec(service.get("TimeoutStopUSec")),
        active_enter_usec: unit.get("ActiveEnterTimestamp"),
        main_start_usec: service.get("ExecMainStartTimestamp"),
        exec_main_status: service.get("ExecMainStatus"),
        job_queued: job_id(unit) != 0,
    }
}

/// The id of the job that waits on the unit; 0 where there is none.
fn job_id(unit: &Properties) -> u32 {
    let id = unit.structure("Job").and_then(|job| job.fields().first());
    id.and_then(|id| id.downcast_ref().ok()).unwrap_or_default()
}

/// `LoadError` is a pair of an error name and a text, both empty for a unit that loaded.
fn load_error(unit: &Properties) -> Option<String> {
    let text: String = unit.structure("LoadError")?.fields().get(1)?.downcast_ref().ok()?;
    (!text.is_empty()).then_some(text)
}

fn environment_files(service: &Properties) -> Vec<EnvironmentFile> {
    let files = service.items("EnvironmentFiles").into_iter();
    files
        .filter_map(|file| {
            let file: Structure<'_> = file.downcast().ok()?;
            let [path, optional] = file.fields() else { return None };
            let path: String = path.downcast_ref().ok()?;
            Some(EnvironmentFile { path: path.into(), optional: optional.downcast_ref().ok()? })
        })
        .collect()
}

/// `ExecStart` is an array of (path, argv, …).
fn command_lines(service: &Properties) -> Vec<CommandLine> {
    let commands = service.items("ExecStart").into_iter();
    commands
        .filter_map(|command| {
            let command: Structure<'_> = command.downcast().ok()?;
            let arguments = <&Array<'_>>::try_from(command.fields().get(1)?).ok()?;
            let arguments = arguments.iter().filter_map(|word| String::try_from(word).ok());
            Some(CommandLine { arguments: arguments.collect() })
        })
        .collect()
}

fn hexadecimal(unit: &Properties) -> String {
    let bytes = unit.items("InvocationID").into_iter();
    let bytes = bytes.filter_map(|byte| byte.downcast::<u8>().ok());
    bytes.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
