//! The update mask of `spaces.patch`: its paths, and which can be combined.

use super::access::snake;
use super::schema;
use super::status::{Status, refuse_if};

/// A path of the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
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
pub(super) fn parse(text: &str, admin: bool) -> Result<Vec<Path>, Status> {
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
pub(super) fn permissions(named: Option<&'static str>) -> Vec<&'static str> {
    let all = schema::PERMISSION_SETTINGS.names().filter(|name| *name != "postMessages");
    named.map_or_else(|| all.collect(), |named| vec![named])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> bool {
        parse(text, false).is_ok()
    }

    #[test]
    fn either_spelling_is_understood() {
        assert_eq!(parse("displayName,space_details", false).unwrap(), [Path::DisplayName, Path::Details]);
        let one = [Path::Permission(Some("useAtMentionAll"))];
        assert_eq!(parse("permissionSettings.useAtMentionAll", false).unwrap(), one);
        assert_eq!(parse("permission_settings.use_at_mention_all", false).unwrap(), one);
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
            assert_eq!(parse(text, true).is_ok(), expected, "{text}");
        }
    }
}
