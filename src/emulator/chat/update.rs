//! `spaces.patch`: the update mask, which of its paths can be combined, and what they change.

use serde_json::{Value, json};

use super::access::{self, Caller, Method, parameter, snake};
use super::fields::{Fields, text};
use super::read::find_space;
use super::rules::{DISPLAY_NAME, check_details, is_resource, limit};
use super::schema;
use super::space::{ACCESS_PERMISSIONS, Space, access_settings};
use super::status::{Status, permit, refuse, refuse_if};
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static PATCH: Method = Method::new("UpdateSpace", &["chat.spaces", "chat.import"])
    .admin(&["chat.admin.spaces"])
    .query(&["updateMask"])
    .counted(&[Metric::SpaceWrites, Metric::WritesPerSpace]);

pub(in crate::emulator) fn patch(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &PATCH)?;
    let asked = schema::read(call, &schema::SPACE, "space")?;
    let Some(mask) = parameter(call, "updateMask") else {
        return refuse("update_mask", "An update mask is required.");
    };
    let paths = parse_mask(mask, caller.admin)?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    caller.check_import(&PATCH, space)?;
    // Changes a copy, so that a refusal changes nothing.
    let mut changed = space.clone();
    for path in &paths {
        permit(is_allowed(&caller, space, *path))?;
        change(&mut changed, &asked, &paths, *path)?;
    }
    let name = changed.field("displayName");
    let itself = usize::from(space.field("displayName") == name);
    let renamed = paths.contains(&Path::DisplayName);
    if state.options.unique_names && renamed && state.spaces.count_named(name) > itself {
        return Err(Status::for_code(409));
    }
    let body = changed.body.clone();
    state.spaces.replace(changed);
    Ok(body)
}

/// Whether the caller may change this part of the space.
fn is_allowed(caller: &Caller, space: &Space, path: Path) -> bool {
    let permits = |setting| space.permits(&caller.user, setting);
    caller.admin
        || match path {
            Path::DisplayName | Path::Details | Path::Type => permits("modifySpaceDetails"),
            Path::History => permits("toggleHistory"),
            Path::Audience | Path::AccessPermissions | Path::Permission(_) => space.is_owned_by(&caller.user),
        }
}

fn change(space: &mut Space, asked: &Fields, paths: &[Path], path: Path) -> Result<(), Status> {
    let space_type = space.field("spaceType").to_owned();
    let named = space_type == "SPACE";
    match path {
        Path::DisplayName => {
            let name = text(asked, "displayName");
            refuse_if(
                !named && !paths.contains(&Path::Type),
                "space.display_name",
                "Only a named space can have a display name.",
            )?;
            refuse_if(name.trim().is_empty(), "space.display_name", "A display name is required for a named space.")?;
            limit(name, DISPLAY_NAME, "space.display_name")?;
            space.set("displayName", Some(json!(name)));
        }
        Path::Type => {
            refuse_if(
                text(asked, "spaceType") != "SPACE" || space_type == "DIRECT_MESSAGE",
                "space.space_type",
                "Only a group chat can be changed, and only to a named space.",
            )?;
            if !named {
                space.become_named();
            }
        }
        Path::Details => {
            refuse_if(space_type == "DIRECT_MESSAGE", "space.space_details", "A direct message has no details.")?;
            check_details(asked, &space_type)?;
            let mut details = asked.get("spaceDetails").and_then(Value::as_object).cloned().unwrap_or_default();
            details.retain(|_, value| value != "");
            space.set("spaceDetails", (!details.is_empty()).then_some(Value::Object(details)));
        }
        Path::History => match text(asked, "spaceHistoryState") {
            state @ ("HISTORY_ON" | "HISTORY_OFF") => space.set("spaceHistoryState", Some(json!(state))),
            _ => return refuse("space.space_history_state", "The history state is HISTORY_ON or HISTORY_OFF."),
        },
        Path::Audience | Path::AccessPermissions => change_access(space, asked, path)?,
        Path::Permission(setting) => change_permissions(space, asked, setting)?,
    }
    Ok(())
}

fn change_access(space: &mut Space, asked: &Fields, path: Path) -> Result<(), Status> {
    refuse_if(
        space.field("spaceType") != "SPACE" || space.importing(),
        "space.access_settings",
        "Only a named space has access settings, and not in import mode.",
    )?;
    let settings = asked.get("accessSettings").and_then(Value::as_object).cloned().unwrap_or_default();
    if path == Path::Audience {
        let audience = text(&settings, "audience");
        refuse_if(
            !audience.is_empty() && !is_resource(audience, "audiences/"),
            "space.access_settings.audience",
            "An audience is named audiences/{audience}.",
        )?;
    }
    let current = space.body.get("accessSettings").and_then(Value::as_object).cloned().unwrap_or_default();
    let (audience, permissions) = if path == Path::Audience { (&settings, &current) } else { (&current, &settings) };
    let changed = access_settings(text(audience, "audience"), permissions.get(ACCESS_PERMISSIONS));
    space.set("accessSettings", Some(changed));
    Ok(())
}

fn change_permissions(space: &mut Space, asked: &Fields, named: Option<&'static str>) -> Result<(), Status> {
    let field = "space.permission_settings";
    refuse_if(space.field("spaceType") != "SPACE", field, "Only a named space has permission settings.")?;
    let given = asked.get("permissionSettings").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut current = space.body.get("permissionSettings").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut any = false;
    for setting in permissions(named) {
        let Some(Value::Object(allowed)) = given.get(setting) else { continue };
        let mut allowed = allowed.clone();
        // False fields are left out, as in all JSON of protocol buffers.
        allowed.retain(|_, value| *value == json!(true));
        current.insert(setting.to_owned(), Value::Object(allowed));
        any = true;
    }
    refuse_if(!any, field, "The update mask names a permission setting that the space does not hold.")?;
    space.set("permissionSettings", Some(Value::Object(current)));
    Ok(())
}

/// A path of the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    DisplayName,
    Details,
    Type,
    History,
    Audience,
    AccessPermissions,
    /// All permission settings, or one of them.
    Permission(Option<&'static str>),
}

/// Parses a mask in camel or snake case and checks that its paths can be combined.
fn parse_mask(text: &str, admin: bool) -> Result<Vec<Path>, Status> {
    let mut paths = Vec::new();
    for name in text.split(',') {
        let path = path(&snake(name.trim()));
        let path = path.ok_or_else(|| {
            Status::invalid("update_mask", format!("The update mask holds a path that cannot be updated: \"{name}\""))
        })?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    check(&paths, admin)?;
    Ok(paths)
}

fn path(name: &str) -> Option<Path> {
    Some(match name {
        "display_name" => Path::DisplayName,
        "space_details" => Path::Details,
        "space_type" => Path::Type,
        "space_history_state" => Path::History,
        "access_settings.audience" => Path::Audience,
        "access_settings.access_permission_settings" => Path::AccessPermissions,
        "permission_settings" => Path::Permission(None),
        _ => {
            let setting = name.strip_prefix("permission_settings.")?;
            Path::Permission(Some(permissions(None).into_iter().find(|known| snake(known) == setting)?))
        }
    })
}

fn check(paths: &[Path], admin: bool) -> Result<(), Status> {
    let permission = |path: &Path| matches!(path, Path::Permission(_));
    let alone = |path: &Path| matches!(path, Path::History | Path::Audience | Path::AccessPermissions);
    let refuse_if = |condition, message| refuse_if(condition, "update_mask", message);
    refuse_if(
        paths.len() > 1 && paths.iter().any(alone),
        "space_history_state and access_settings are each updated alone.",
    )?;
    refuse_if(
        paths.iter().any(permission) && !paths.iter().all(permission),
        "permission_settings are only updated together with each other.",
    )?;
    refuse_if(
        paths.contains(&Path::Type) && !paths.contains(&Path::DisplayName),
        "space_type is only updated together with display_name.",
    )?;
    refuse_if(
        admin && paths.iter().any(|path| alone(path) || *path == Path::Type),
        "space_type, space_history_state and access_settings are not updated with admin access.",
    )
}

/// Returns the settings of a permission path: one, or all that can be changed. `post_messages` is read-only.
fn permissions(named: Option<&'static str>) -> Vec<&'static str> {
    let all = schema::PERMISSION_SETTINGS.names().filter(|name| *name != "postMessages");
    named.map_or_else(|| all.collect(), |named| vec![named])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> bool {
        parse_mask(text, false).is_ok()
    }

    #[test]
    fn either_spelling_is_understood() {
        assert_eq!(parse_mask("displayName,space_details", false).unwrap(), [Path::DisplayName, Path::Details]);
        let one = [Path::Permission(Some("useAtMentionAll"))];
        assert_eq!(parse_mask("permissionSettings.useAtMentionAll", false).unwrap(), one);
        assert_eq!(parse_mask("permission_settings.use_at_mention_all", false).unwrap(), one);
    }

    #[test]
    fn only_what_can_be_changed_is_in_a_mask() {
        for text in [
            "",
            "*",
            "name",
            "external_user_allowed",
            "predefined_permission_settings",
            "space_details.description",
            "access_settings",
            "access_settings.access_state",
            "permission_settings.post_messages",
            "permission_settings.manage_apps.members_allowed",
            "display_name,",
        ] {
            assert!(!good(text), "{text}");
        }
    }

    #[test]
    fn some_paths_stand_alone_and_some_together() {
        for (text, expected) in [
            ("display_name,space_details", true),
            ("space_type,display_name", true),
            ("space_type", false),
            ("space_history_state", true),
            ("space_history_state,display_name", false),
            ("access_settings.audience", true),
            ("access_settings.audience,access_settings.access_permission_settings", false),
            ("access_settings.access_permission_settings", true),
            ("permission_settings.manage_apps,permission_settings.toggle_history", true),
            ("permission_settings,display_name", false),
        ] {
            assert_eq!(good(text), expected, "{text}");
        }
    }

    #[test]
    fn an_administrator_may_not_change_everything() {
        for (text, expected) in [
            ("display_name,space_details", true),
            ("permission_settings", true),
            ("space_type,display_name", false),
            ("space_history_state", false),
            ("access_settings.audience", false),
        ] {
            assert_eq!(parse_mask(text, true).is_ok(), expected, "{text}");
        }
    }
}
