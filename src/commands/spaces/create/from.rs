//! `chatauth spaces create --from`.

use clap::ValueEnum as _;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::super::draft::camel_case;
use super::super::options::SpaceFields;
use super::finish;
use super::plan::{IfExists, NewSpace, Plan, plan};
use super::{find_by_name, methods, send};
use crate::bulk::{Applied, Attempt, Column, Kind, Planned, Rate, RowFault, Values, Words};
use crate::chat::{CreateSpace, Method, Resource, Scopes, Space, id_of};
use crate::commands::Context;
use crate::commands::bulk::{RowCommand, row_fault};
use crate::commands::caller::Caller;
use crate::commands::members::rows::ONLY_PEOPLE;
use crate::platform::encoding::composed;

/// The tolerated difference between the server's times.
const CLOCK_TOLERANCE: time::Duration = time::Duration::minutes(2);

const IF_EXISTS: Kind = Kind::Choice(&[("fail", "fail"), ("reuse", "reuse")]);

impl RowCommand for NewSpace {
    type Work = Plan;
    const NAME: &'static str = "spaces create";
    const WORDS: Words =
        Words { verb: "create", doing: "Creating", done: "created", object: "space", by_request_id: true };
    const RATE: Rate = Rate::DEFAULT;

    fn columns(&self) -> Vec<Column> {
        let lists = self.clone().lists().map(|(name, _)| Column::new(name, Kind::List));
        let others = [("if-exists", IF_EXISTS), ("space", Kind::Object), ("memberships", Kind::Array)]
            .map(|(name, kind)| Column::new(name, kind));
        SpaceFields::<true>::columns().into_iter().chain(lists).chain(others).collect()
    }

    fn options(&self) -> Values {
        let what = self.if_exists.and_then(|what| Some(what.to_possible_value()?.get_name().to_owned()));
        let values = self.space.as_values().with("if-exists", what);
        let mut own = self.clone();
        let lists = own.lists().into_iter().filter(|(_, list)| !list.is_empty());
        lists.fold(values, |values, (name, list)| values.with(name, Some(std::mem::take(list))))
    }

    fn plan(&self, values: &Values, request_id: &str) -> Result<Planned<Plan>, RowFault> {
        let mut options = Self { request_id: Some(request_id.to_owned()), ..self.clone() };
        options.space.set(values)?;
        for (name, list) in options.lists() {
            if let Some(own) = values.list(name) {
                *list = own;
            }
        }
        let document = |column| values.get(column).cloned().map(camel_case).unwrap_or_default();
        if let Value::Object(space) = document("space") {
            options.space.document = space;
        }
        for membership in document("memberships").as_array().into_iter().flatten() {
            options.add_membership(membership).map_err(|reason| RowFault::in_column("memberships", reason))?;
        }
        let what = values.text("if-exists").and_then(|word| IfExists::from_str(word, false).ok());
        options.if_exists = what.or(options.if_exists);
        let mut plan = plan(&options).map_err(|failure| row_fault(None, failure))?;
        // A single create does not look for a name beside a request id, but this id may be that of the run.
        plan.reuse_check = plan.request.display_name().map(str::to_owned).zip(options.if_exists);
        let label = plan.request.display_name().unwrap_or_default().to_owned();
        // The second row of a name finds what the first one created.
        let exclusive = plan.reuse_check.as_ref().map(|(name, _)| composed(name.trim()));
        Ok(Planned { label, exclusive, ..Planned::of(None, plan) })
    }

    /// A pipe is read after the login, so a row with a name and the options stands for its rows.
    fn scopes(&self, plan: Option<&Plan>) -> Vec<Scopes> {
        if let Some(plan) = plan {
            return methods(plan);
        }
        let row = Values::default().with("name", Some("name"));
        let import = self.space.get("importMode") == Some(&Value::Bool(true));
        match self.plan(&row, &Uuid::nil().to_string()) {
            Ok(sample) => methods(&sample.work),
            Err(_) => vec![if import { CreateSpace::SCOPES_FOR_IMPORT } else { CreateSpace::SCOPES }],
        }
    }

    /// Creates or finds a space. A request id of the row's own decides alone, as in a single create.
    async fn apply(&self, plan: &Plan, attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Applied> {
        if !attempt.has_own_id
            && let Some(found) = find_existing(plan, attempt, caller).await?
        {
            return Ok(found);
        }
        let space = send(plan, attempt.has_own_id, caller).await?;
        let warning = finish::differs(plan, &space, attempt.has_own_id, caller.context());
        if plan.differs_from(&space.fields).is_some() {
            return Ok(existing(plan, space, warning.into_iter().collect(), caller.context()));
        }
        Ok(Applied { name: space.fields.name, object: Some(space.json), warning, ..Applied::default() })
    }

    async fn finish(
        &self,
        plan: &Plan,
        name: &str,
        attempt: Attempt,
        caller: &mut Caller<'_>,
    ) -> anyhow::Result<Option<Value>> {
        if !attempt.existed {
            let may_be_older = attempt.has_own_id || attempt.unknown_since.is_some();
            finish::run(plan, name, may_be_older, caller).await?;
        }
        Ok(None)
    }
}

impl NewSpace {
    /// Adds the member of a `spaces.setup` request.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn add_membership(&mut self, membership: &Value) -> Result<(), &'static str> {
        let is_other = |value: &Value, usual| !value.is_null() && value != usual;
        if is_other(&membership["role"], "ROLE_MEMBER") {
            return Err("gives no roles: use the columns manager and owner");
        }
        let name = |kind: &str| membership[kind]["name"].as_str().map(str::to_owned);
        match (name("member"), name("groupMember")) {
            (Some(user), None) if id_of(&user) != "app" && is_other(&membership["member"]["type"], "HUMAN") => {
                return Err(ONLY_PEOPLE);
            }
            (Some(user), None) => self.member.push(user),
            (None, Some(group)) => self.group.push(group),
            _ => return Err("needs a member.name or a groupMember.name in each"),
        }
        Ok(())
    }
}

/// Finds a space of the row's name, if it asks for that. One that is younger than an earlier attempt is what that attempt
/// created, and is finished; if it is not, a second one of the name would be worse.
async fn find_existing(plan: &Plan, attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Option<Applied>> {
    let Some((name, what)) = &plan.reuse_check else { return Ok(None) };
    let found = find_by_name(name, caller).await?;
    let is_older = |space: &Resource<Space>| attempt.unknown_since.is_none_or(|since| is_older(space, since));
    let (older, younger): (Vec<_>, Vec<_>) = found.into_iter().partition(is_older);
    let several = what.check(&older)?;
    if let Some(space) = older.into_iter().next() {
        let options = finish::unmet_options(plan, &space, true, caller.context());
        let options = options.map(|options| format!("skipped {options}"));
        return Ok(Some(existing(plan, space, several.into_iter().chain(options).collect(), caller.context())));
    }
    let created = |Resource { fields, json }: Resource<Space>| Applied {
        name: fields.name,
        object: Some(json),
        ..Applied::default()
    };
    Ok(younger.into_iter().next().map(created))
}

/// Whether the space was created before this time.
fn is_older(space: &Resource<Space>, since: OffsetDateTime) -> bool {
    let created = space.json["createTime"].as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    created.is_some_and(|created| created < since - CLOCK_TOLERANCE)
}

/// Returns a space that existed before the row and is left unchanged. The warnings add how to add the members of the row.
fn existing(plan: &Plan, space: Resource<Space>, mut warnings: Vec<String>, context: &Context) -> Applied {
    let name = space.fields.name;
    let skipped = finish::commands_for_all(plan, &name, context)
        .map(|commands| format!("skipped the members, because {name} existed before. To add them, run {commands}"));
    warnings.extend(skipped);
    let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
    Applied { name, object: Some(space.json), existed: true, warning, ..Applied::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bulk::Rows;

    const ID: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

    fn values(members: &Value) -> Result<Values, String> {
        let row = Rows::read(Box::new(std::io::Cursor::new(members.to_string())), &NewSpace::default().columns());
        Ok(row.unwrap().next().unwrap().map_err(|error| error.to_string())?.values)
    }

    fn preview(defaults: &NewSpace, members: &Value) -> Value {
        let plan = defaults.plan(&values(members).unwrap(), ID).unwrap();
        plan.work.request.preview()["body"].clone()
    }

    fn wrong(members: &Value) -> String {
        let wrong = match values(members) {
            Ok(values) => NewSpace::default().plan(&values, ID).unwrap_err(),
            Err(reason) => return reason,
        };
        format!("{}: {}", wrong.column.unwrap_or_default(), wrong.reason)
    }

    #[test]
    fn rows_of_both_forms_mean_the_same() {
        let csv = json!({"name":"A","member":"ada@example.com; 7","history":"on","external":"yes"});
        let lines = json!({"name":"A","member":["ada@example.com","7"],"history":true,"external":true});
        assert_eq!(preview(&NewSpace::default(), &csv), preview(&NewSpace::default(), &lines));
        let whole = json!({"space":{"displayName":"A","spaceType":"SPACE","new":1},"memberships":[
            {"member":{"name":"users/7","type":"HUMAN"}},{"groupMember":{"name":"groups/g"}}]});
        let body = preview(&NewSpace::default(), &whole);
        assert_eq!(body["space"]["new"], 1);
        assert_eq!(body["memberships"][1]["groupMember"]["name"], "groups/g");
    }

    #[test]
    fn options_are_defaults_and_rows_overrule_them() {
        let defaults = NewSpace { member: vec!["boss@example.com".into()], ..NewSpace::default() };
        let body = preview(&defaults, &json!({"name":"A"}));
        assert_eq!(body["memberships"][0]["member"]["name"], "users/boss@example.com");
        let body = preview(&defaults, &json!({"name":"A","member":["ada@example.com"]}));
        assert_eq!(body["memberships"].as_array().unwrap().len(), 1);
        assert_eq!(body["memberships"][0]["member"]["name"], "users/ada@example.com");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column() {
        for (members, expected) in [
            (json!({}), "--name (displayName) is required"),
            (json!({"name":"A","nme":"B"}), "nme: unknown column"),
            (json!({"name":"A","external":"perhaps"}), "external: "),
            (json!({"name":["A"]}), "name: is a list"),
            (json!({"name":"A","external":true,"internal":true}), "internal: cannot be combined with external"),
            (json!({"name":"A","memberships":[{}]}), "memberships: "),
            (json!({"space":7}), "space: is not a JSON object"),
            (json!({"name":"A","manager":"a@example.com","owner":"A@example.com"}), "both --manager and --owner"),
            (json!({"name":"A","manager":"app"}), "--manager"),
        ] {
            assert!(wrong(&members).contains(expected), "{members}: {}", wrong(&members));
        }
    }
}
