//! `chatauth members add --from`: a member for every row.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::role::give_role;
use crate::chat::{CreateMembership, GetMembership, Method, NewMembership, PatchMembership, Role, Scopes, SpaceName};
use crate::commands::bulk::{self, Made, Task as Rows, Wrong, fields};
use crate::commands::caller::Caller;
use crate::commands::spaces::name::space_name;
use crate::commands::{Context, Failure};

/// Under the 300 writes of memberships a minute that Google allows a project.
pub const DEFAULT_RATE: bulk::Rate = bulk::Rate::Limited { per_minute: 250, per_hour: None };

/// Adding members, to the spaces that the rows name.
#[derive(Debug)]
pub struct Task {
    space: Option<String>,
    admin: bool,
}

/// One member to be added.
#[derive(Debug)]
pub struct Addition {
    space: SpaceName,
    membership: NewMembership,
    role: Option<Role>,
}

impl Task {
    /// Rows that name no space mean `space`.
    pub fn new(space: Option<String>, admin: bool) -> Self {
        Self { space, admin }
    }
}

impl Rows for Task {
    type Work = Addition;

    fn columns(&self) -> &'static [&'static str] {
        &["space", "member", "group", "role"]
    }

    fn verb(&self) -> (&'static str, &'static str) {
        ("add", "added")
    }

    fn member(&self) -> &'static str {
        "membership"
    }

    fn needs_request_id(&self) -> bool {
        false
    }

    fn about(&self) -> Option<&str> {
        self.space.as_deref()
    }

    fn plan(&self, members: &Map<String, Value>, _request_id: &str) -> Result<Addition, Wrong> {
        if let Some(other) = members.keys().find(|name| !self.columns().contains(&name.as_str())) {
            return Err(Wrong::new(other, "there is no such member"));
        }
        let text = |name: &str| {
            members.get(name).filter(|value| !value.is_null()).map(|value| fields::text(name, value)).transpose()
        };
        let space = text("space")?.or_else(|| self.space.clone()).ok_or_else(|| Wrong::new("space", "is missing"))?;
        let space = space_name(&space).map_err(|failure| Wrong::new("space", failure.message))?;
        let membership = match (text("member")?, text("group")?) {
            (Some(user), None) => {
                NewMembership::of_user(&user).map_err(|cause| Wrong::new("member", format!("{user:?} {cause}")))?
            }
            (None, Some(group)) => {
                NewMembership::of_group(&group).map_err(|cause| Wrong::new("group", format!("{group:?} {cause}")))?
            }
            _ => return Err(Wrong::new("member", "a row has a member or a group")),
        };
        let roles = [("member", Role::Member), ("manager", Role::Manager), ("owner", Role::Owner)];
        let role = members.get("role").filter(|value| !value.is_null());
        let role = role.map(|value| fields::one_of("role", value, &roles)).transpose()?;
        // Everybody is a member to begin with.
        let role = role.filter(|role| *role != Role::Member);
        if role.is_some() && !matches!(membership, NewMembership::Human(_)) {
            return Err(Wrong::new("role", "only people have roles"));
        }
        Ok(Addition { space, membership, role })
    }

    fn methods(&self, addition: &Addition) -> Vec<Scopes> {
        let mut methods = self.least();
        if addition.role.is_some() {
            methods.extend([PatchMembership::SCOPES, GetMembership::SCOPES]);
        }
        methods
    }

    fn least(&self) -> Vec<Scopes> {
        vec![CreateMembership::SCOPES]
    }

    fn admin(&self) -> bool {
        self.admin
    }

    async fn make(
        &self,
        addition: &Addition,
        _unknown_since: Option<OffsetDateTime>,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<Made, Failure> {
        let request = CreateMembership {
            space: addition.space.clone(),
            membership: addition.membership.clone(),
            admin: self.admin,
        };
        let result = caller.send(&request).await;
        let id = addition.membership.id();
        let known = || {
            let name = format!("{}/members/{id}", addition.space);
            Made { json: json!({ "name": name }), name, existed: true }
        };
        match result {
            Ok(Some(made)) => Ok(Made { name: made.fields.name, json: made.json, existed: false }),
            Ok(None) => Ok(Made { existed: false, ..known() }),
            // Nobody can be a member twice, so what the row wants is so.
            Err(error) if error.is_already_exists() => Ok(known()),
            Err(error) => Err(context.report(error)),
        }
    }

    async fn finish(
        &self,
        addition: &Addition,
        name: &str,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(role) = addition.role else { return Ok(()) };
        let result = give_role(&addition.space, name, role, self.admin, &context.repeat(), caller).await;
        result.map(|_| ()).map_err(|error| context.report(error))
    }
}

/// Adds the members.
pub async fn run(task: &Task, options: &bulk::Options, context: &Context) -> anyhow::Result<()> {
    Ok(bulk::run(task, options, context).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(members: &Value) -> Result<Addition, String> {
        let task = Task::new(Some(String::from("spaces/S")), false);
        task.plan(members.as_object().unwrap(), "")
            .map_err(|wrong| format!("{}: {}", wrong.column.unwrap_or_default(), wrong.reason))
    }

    #[test]
    fn a_row_names_one_member_of_one_space() {
        let addition = plan(&json!({"member":"ada@example.com","role":"manager"})).unwrap();
        assert_eq!((addition.space.as_str(), addition.membership.name()), ("spaces/S", "users/ada@example.com"));
        assert!(addition.role.is_some());
        let addition = plan(&json!({"space":"T","group":"g","role":"member"})).unwrap();
        assert_eq!((addition.space.as_str(), addition.membership.name()), ("spaces/T", "groups/g"));
        assert!(addition.role.is_none());
        for (members, expected) in [
            (json!({}), "member: a row has"),
            (json!({"member":"a","group":"b"}), "member: a row has"),
            (json!({"member":"a b"}), "member: "),
            (json!({"group":"g","role":"owner"}), "role: only people"),
            (json!({"member":"a","role":"king"}), "role: "),
            (json!({"member":"a","x":1}), "x: there is no such"),
            (json!({"space":"a/b","member":"a"}), "space: "),
        ] {
            assert!(plan(&members).unwrap_err().contains(expected), "{members}");
        }
    }
}
