//! `chatauth spaces create --from`: a space for every row.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::options::SpaceFields;
use super::finish;
use super::new_space::{IfExists, NewSpace};
use super::plan::{Plan, plan};
use super::send::{look_for, methods, send};
use crate::chat::{CreateSpace, Method, Scopes};
use crate::commands::bulk::{Made, Task as Rows, Wrong, fields};
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure};

/// The columns besides those of the fields of a space, named as the options.
const COLUMNS: &[&str] = &["member", "group", "manager", "owner", "if-exists", "space", "memberships"];

/// How far apart the clocks of this machine and of the server may be.
const CLOCKS: time::Duration = time::Duration::minutes(2);

/// Creating spaces, with what every row has in common.
#[derive(Debug)]
pub(in crate::commands) struct Task {
    defaults: NewSpace,
}

impl Task {
    /// Rows say what differs from `defaults`.
    pub(in crate::commands) fn new(defaults: NewSpace) -> Self {
        Self { defaults }
    }

    fn options(&self, members: &Map<String, Value>) -> Result<NewSpace, Wrong> {
        let mut options = self.defaults.clone();
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "member" => options.member = fields::list(name, value)?,
                "group" => options.group = fields::list(name, value)?,
                "manager" => options.manager = fields::list(name, value)?,
                "owner" => options.owner = fields::list(name, value)?,
                "if-exists" => {
                    let choices = [("fail", IfExists::Fail), ("reuse", IfExists::Reuse)];
                    options.if_exists = Some(fields::one_of(name, value, &choices)?);
                }
                "space" => {
                    let space = value.as_object().ok_or_else(|| Wrong::new(name, "is not a JSON object"))?;
                    options.space.document.clone_from(space);
                }
                "memberships" => memberships(value, &mut options)?,
                other if options.space.set_cell(other, value)? => {}
                other => return Err(Wrong::new(other, "there is no such member")),
            }
        }
        if members.contains_key("external") && members.contains_key("internal") {
            return Err(Wrong::new("internal", "stands beside external"));
        }
        Ok(options)
    }
}

/// The members of a whole request, as `spaces.setup` takes them.
fn memberships(value: &Value, options: &mut NewSpace) -> Result<(), Wrong> {
    let wrong = || Wrong::new("memberships", "is not a list of memberships with member.name or groupMember.name");
    for membership in value.as_array().ok_or_else(wrong)? {
        let name = |outer: &str| membership.get(outer).and_then(|inner| inner.get("name")).and_then(Value::as_str);
        match (name("member"), name("groupMember")) {
            (Some(user), None) => options.member.push(user.to_owned()),
            (None, Some(group)) => options.group.push(group.to_owned()),
            _ => return Err(wrong()),
        }
    }
    Ok(())
}

impl Rows for Task {
    type Work = Plan;

    fn columns(&self) -> &'static [&'static str] {
        static ALL: LazyLock<Vec<&'static str>> =
            LazyLock::new(|| SpaceFields::<true>::columns().chain(COLUMNS.iter().copied()).collect());
        &ALL
    }

    fn verb(&self) -> (&'static str, &'static str) {
        ("create", "created")
    }

    fn member(&self) -> &'static str {
        "space"
    }

    fn needs_request_id(&self) -> bool {
        true
    }

    fn plan(&self, members: &Map<String, Value>, request_id: &str) -> Result<Plan, Wrong> {
        let options = NewSpace { request_id: Some(request_id.to_owned()), ..self.options(members)? };
        let if_exists = options.if_exists;
        let mut plan = plan(&options).map_err(|failure| Wrong { column: None, reason: failure.message })?;
        // Beside a request id a single create looks for nothing; here the id is the run's own.
        if plan.look_for.is_none()
            && let (Some(what), Some(name)) = (if_exists, options.space.get("displayName").and_then(Value::as_str))
        {
            plan.look_for = Some((name.to_owned(), what));
        }
        Ok(plan)
    }

    fn methods(&self, plan: &Plan) -> Vec<Scopes> {
        methods(plan)
    }

    fn least(&self) -> Vec<Scopes> {
        let import = self.defaults.space.get("importMode") == Some(&Value::Bool(true));
        vec![if import { CreateSpace::SCOPES_FOR_IMPORT } else { CreateSpace::SCOPES }]
    }

    async fn make(
        &self,
        plan: &Plan,
        unknown_since: Option<OffsetDateTime>,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<Made, Failure> {
        make(plan, unknown_since, caller, context).await
    }

    async fn finish(&self, plan: &Plan, name: &str, caller: &mut Caller<'_>, context: &Context) -> Result<(), Failure> {
        finish::run(plan, name, caller, context).await
    }
}

/// Makes a space, or finds the one there is. One that is younger than an earlier attempt at the row is what that
/// attempt has made: its request id brings it back.
async fn make(
    plan: &Plan,
    attempted: Option<OffsetDateTime>,
    caller: &mut Caller<'_>,
    context: &Context,
) -> Result<Made, Failure> {
    if let Some((name, what)) = &plan.look_for
        && let Some(space) = look_for(name, caller).await.map_err(|error| context.report(error))?
        && !attempted.is_some_and(|since| is_younger(&space.json, since))
    {
        return match what {
            IfExists::Reuse => Ok(Made { name: space.fields.name.clone(), json: space.json, existed: true }),
            IfExists::Fail => Err(Failure::new(
                ErrorCode::AlreadyExists,
                format!("you have a space of this name already, {}", space.fields.name),
            )),
        };
    }
    let space = send(plan, caller, context).await?;
    Ok(Made { name: space.fields.name.clone(), json: space.json, existed: false })
}

fn is_younger(space: &Value, since: OffsetDateTime) -> bool {
    let made =
        space.get("createTime").and_then(Value::as_str).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    made.is_none_or(|made| made >= since - CLOCKS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

    fn preview(defaults: NewSpace, members: &Value) -> Value {
        let plan = Task::new(defaults).plan(members.as_object().unwrap(), ID).unwrap();
        plan.request.preview()["body"].clone()
    }

    fn wrong(members: &Value) -> String {
        let wrong = Task::new(NewSpace::default()).plan(members.as_object().unwrap(), ID).unwrap_err();
        format!("{}: {}", wrong.column.unwrap_or_default(), wrong.reason)
    }

    #[test]
    fn rows_of_both_forms_mean_the_same() {
        let csv = json!({"name":"A","member":"ada@example.com; 7","history":"on","external":"yes"});
        let lines = json!({"name":"A","member":["ada@example.com","7"],"history":true,"external":true});
        assert_eq!(preview(NewSpace::default(), &csv), preview(NewSpace::default(), &lines));
        let whole = json!({"space":{"displayName":"A","spaceType":"SPACE","new":1},"memberships":[
            {"member":{"name":"users/7","type":"HUMAN"}},{"groupMember":{"name":"groups/g"}}]});
        let body = preview(NewSpace::default(), &whole);
        assert_eq!(body["space"]["new"], 1);
        assert_eq!(body["memberships"][1]["groupMember"]["name"], "groups/g");
    }

    #[test]
    fn options_are_defaults_and_rows_overrule_them() {
        let defaults = NewSpace { member: vec!["boss@example.com".into()], ..NewSpace::default() };
        let body = preview(defaults.clone(), &json!({"name":"A"}));
        assert_eq!(body["memberships"][0]["member"]["name"], "users/boss@example.com");
        let body = preview(defaults, &json!({"name":"A","member":["ada@example.com"]}));
        assert_eq!(body["memberships"].as_array().unwrap().len(), 1);
        assert_eq!(body["memberships"][0]["member"]["name"], "users/ada@example.com");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column() {
        for (members, expected) in [
            (json!({}), "--name (displayName) is required"),
            (json!({"name":"A","nme":"B"}), "nme: there is no such member"),
            (json!({"name":"A","external":"perhaps"}), "external: "),
            (json!({"name":["A"]}), "name: is not a text"),
            (json!({"name":"A","member":[7]}), "member: "),
            (json!({"name":"A","external":true,"internal":true}), "internal: stands beside external"),
            (json!({"name":"A","memberships":[{}]}), "memberships: "),
            (json!({"space":7}), "space: is not a JSON object"),
        ] {
            assert!(wrong(&members).contains(expected), "{members}: {}", wrong(&members));
        }
    }
}
