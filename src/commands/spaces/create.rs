//! `chatauth spaces create`.

use uuid::Uuid;

use crate::auth::{Access, Scope, ScopeSet};
use crate::chat::{
    self, AccessSettings, CreateSpace, HistoryState, NewMembership, NewSpace, PredefinedPermissionSettings, Resource,
    SetUpSpace, Space, SpaceDetails, SpaceType, audience_name, group_name, user_name,
};
use crate::commands::failure::Action;
use crate::commands::{Context, ErrorCode, Failure, InFlight};
use crate::output::Item;

const LONGEST_NAME: usize = 128;
const LONGEST_DESCRIPTION: usize = 4096;
const LONGEST_GUIDELINES: usize = 5000;
const MOST_MEMBERSHIPS: usize = 49;

/// What the id of an idempotency key is derived from, so that it cannot meet another program's.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x7e4e_2e0a_94a5_4c0e_9f64_53f3_5c1b_8a2d);

/// The options of the command, as the person wrote them.
#[derive(Debug, Default)]
pub struct Options {
    /// The name that people read.
    pub name: String,
    /// What the space is for.
    pub description: Option<String>,
    /// Its rules.
    pub guidelines: Option<String>,
    /// Whether people outside the organization may join; not said is not sent.
    pub external: Option<bool>,
    /// Whether messages are kept.
    pub history: Option<bool>,
    /// Whether only managers may post.
    pub announcement: Option<bool>,
    /// Who may find it.
    pub audience: Option<String>,
    /// People to add.
    pub members: Vec<String>,
    /// Groups to add.
    pub groups: Vec<String>,
    /// The id of an earlier attempt.
    pub request_id: Option<String>,
    /// A text that stands for the operation.
    pub idempotency_key: Option<String>,
}

/// One request, checked and complete.
#[derive(Debug)]
enum Request {
    Create(CreateSpace),
    SetUp(SetUpSpace),
}

impl Request {
    fn request_id(&self) -> &str {
        match self {
            Self::Create(request) => &request.request_id,
            Self::SetUp(request) => &request.request_id,
        }
    }
}

/// Shows what would be sent, without a login and without sending it.
pub fn dry_run(options: &Options, context: &Context) -> Result<(), Failure> {
    context.check_endpoint()?;
    let preview = match request(options)? {
        Request::Create(request) => request.preview(),
        Request::SetUp(request) => request.preview(),
    };
    let details = crate::output::Details::new()
        .with("Method", preview["method"].as_str().unwrap_or_default())
        .with("Path", preview["path"].as_str().unwrap_or_default())
        .maybe("Request id", preview["query"]["requestId"].as_str())
        .with("Body", preview["body"].to_string());
    let item = Item { json: &preview, name: "" };
    context.printer.item(&item, &details).map_err(|error| Failure::output(&error))
}

/// Makes the space.
pub async fn run(options: &Options, context: &Context) -> Result<(), Failure> {
    let request = request(options)?;
    let chat = context.chat()?;
    let needed: ScopeSet = [Scope::google("chat.spaces.create")].into_iter().collect();
    let mut access = context.access(&needed).await?;
    let whom = access.account().map_or_else(|| String::from("the holder of CHATAUTH_ACCESS_TOKEN"), str::to_owned);
    context.messages.note(&format!("Creating the space as {whom}."));
    let space = send(&request, &chat, &mut access, context).await?;
    let named = format!("Created {} as {whom}.", space.fields.name);
    context.messages.note(&named);
    let item = Item { json: &space.json, name: &space.fields.name };
    context.printer.item(&item, &super::details(&space)).map_err(|error| {
        // Nobody may ever learn the name otherwise.
        if context.messages.is_quiet() {
            context.messages.always(&named);
        }
        let mut failure = Failure::output(&error);
        if failure.code != ErrorCode::ReaderGone {
            failure.message = format!("{}; the space {} was created", failure.message, space.fields.name);
        }
        failure
    })
}

async fn send(
    request: &Request,
    chat: &chat::Client,
    access: &mut Access,
    context: &Context,
) -> Result<Resource<Space>, Failure> {
    let request_id = request.request_id();
    let repeat = context.repeat_with(request_id);
    let operation = chat.operation();
    // From here on, whatever ends the program can say how to repeat this.
    *context.pending.borrow_mut() =
        Some(InFlight { action: "create the space", request_id: request_id.to_owned(), repeat: repeat.clone() });
    let result = context
        .with_replacement(access, async |token| match request {
            Request::Create(request) => chat.create_space(token, request, &operation).await,
            Request::SetUp(request) => chat.set_up_space(token, request, &operation).await,
        })
        .await;
    *context.pending.borrow_mut() = None;
    let result = result.map_err(|failure| failure.of_write(request_id, &repeat, operation.may_have_been_applied()))?;
    result.map_err(|error| {
        let project = context.project();
        let action = Action {
            name: "create the space",
            write: Some((request_id, &repeat)),
            project: project.as_deref(),
            account: access.account(),
        };
        context.with_clock(Failure::from_chat(&error, action))
    })
}

/// Checks everything that can be checked without asking anybody.
fn request(options: &Options) -> Result<Request, Failure> {
    let name = options.name.trim();
    let length = |text: &str| text.chars().count();
    if name.is_empty() {
        return Err(Failure::usage("--name (displayName) is empty: a space needs a name of 1 to 128 characters"));
    }
    for (option, text, longest) in [
        ("--name (displayName)", Some(name), LONGEST_NAME),
        ("--description (spaceDetails.description)", options.description.as_deref(), LONGEST_DESCRIPTION),
        ("--guidelines (spaceDetails.guidelines)", options.guidelines.as_deref(), LONGEST_GUIDELINES),
    ] {
        if let Some(count) = text.map(length).filter(|count| *count > longest) {
            return Err(Failure::usage(format!("{option} has {count} characters, and {longest} are allowed")));
        }
    }
    let details = SpaceDetails { description: options.description.clone(), guidelines: options.guidelines.clone() };
    let audience = match &options.audience {
        None => None,
        Some(text) => {
            let name = audience_name(text).map_err(|cause| Failure::usage(format!("--audience {text:?} {cause}")))?;
            Some(AccessSettings { audience: Some(name), ..AccessSettings::default() })
        }
    };
    let space = NewSpace {
        space_type: Some(SpaceType::Space),
        display_name: Some(name.to_owned()),
        space_details: (details != SpaceDetails::default()).then_some(details),
        external_user_allowed: options.external,
        space_history_state: options
            .history
            .map(|on| if on { HistoryState::HistoryOn } else { HistoryState::HistoryOff }),
        predefined_permission_settings: options.announcement.map(|only_managers| {
            if only_managers {
                PredefinedPermissionSettings::AnnouncementSpace
            } else {
                PredefinedPermissionSettings::CollaborationSpace
            }
        }),
        access_settings: audience,
        ..NewSpace::default()
    };
    let memberships = memberships(options)?;
    let request_id = request_id(options)?;
    Ok(if memberships.is_empty() {
        Request::Create(CreateSpace { space, request_id })
    } else {
        Request::SetUp(SetUpSpace { space, memberships, request_id })
    })
}

fn memberships(options: &Options) -> Result<Vec<NewMembership>, Failure> {
    let mut memberships = Vec::new();
    let mut add = |membership: NewMembership| {
        if !memberships.contains(&membership) {
            memberships.push(membership);
        }
    };
    for text in &options.members {
        let name = user_name(text).map_err(|cause| Failure::usage(format!("--member {text:?} {cause}")))?;
        add(NewMembership::Human(name));
    }
    for text in &options.groups {
        let name = group_name(text).map_err(|cause| Failure::usage(format!("--group {text:?} {cause}")))?;
        add(NewMembership::Group(name));
    }
    if memberships.len() > MOST_MEMBERSHIPS {
        return Err(Failure::usage(format!(
            "{} members and groups (memberships) were given, and {MOST_MEMBERSHIPS} are allowed when a space is made",
            memberships.len()
        )));
    }
    Ok(memberships)
}

/// Fixed before the first attempt, and the same for every attempt.
fn request_id(options: &Options) -> Result<String, Failure> {
    match (&options.request_id, &options.idempotency_key) {
        (Some(text), _) => Uuid::parse_str(text.trim())
            .map(|id| id.to_string())
            .map_err(|_| Failure::usage(format!("--request-id {text:?} is no UUID"))),
        (None, Some(key)) if key.trim().is_empty() => Err(Failure::usage("--idempotency-key is empty")),
        (None, Some(key)) => Ok(Uuid::new_v5(&KEY_NAMESPACE, key.as_bytes()).to_string()),
        (None, None) => Ok(Uuid::new_v4().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(name: &str) -> Options {
        Options { name: name.to_owned(), ..Options::default() }
    }

    fn body(options: &Options) -> serde_json::Value {
        match request(options).unwrap() {
            Request::Create(request) => request.preview()["body"].clone(),
            Request::SetUp(request) => request.preview()["body"].clone(),
        }
    }

    fn refused(options: &Options) -> String {
        let failure = request(options).unwrap_err();
        assert_eq!(failure.code, ErrorCode::Usage);
        failure.message
    }

    #[test]
    fn every_option_lands_in_its_field() {
        let all = Options {
            description: Some("d".into()),
            guidelines: Some("g".into()),
            external: Some(false),
            history: Some(true),
            announcement: Some(true),
            audience: Some("default".into()),
            ..options(" API-made ")
        };
        assert_eq!(
            body(&all),
            json!({"spaceType":"SPACE","displayName":"API-made","spaceDetails":{"description":"d","guidelines":"g"},
                "externalUserAllowed":false,"spaceHistoryState":"HISTORY_ON",
                "predefinedPermissionSettings":"ANNOUNCEMENT_SPACE","accessSettings":{"audience":"audiences/default"}})
        );
        assert_eq!(body(&options("x")), json!({"spaceType":"SPACE","displayName":"x"}));
    }

    #[test]
    fn members_make_it_a_set_up() {
        let team = Options {
            members: vec!["ada@example.com".into(), "users/ada@example.com".into(), "7".into()],
            groups: vec!["g1".into()],
            request_id: Some("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11".into()),
            ..options("x")
        };
        assert_eq!(
            body(&team),
            json!({"space":{"spaceType":"SPACE","displayName":"x"},"requestId":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "memberships":[{"member":{"name":"users/ada@example.com","type":"HUMAN"}},
                    {"member":{"name":"users/7","type":"HUMAN"}},{"groupMember":{"name":"groups/g1"}}]})
        );
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
        assert!(refused(&options("  ")).contains("displayName"));
        assert!(refused(&options(&"ä".repeat(129))).contains("129 characters, and 128"));
        assert!(request(&options(&"ä".repeat(128))).is_ok());
        let long = Options { description: Some("x".repeat(4097)), ..options("x") };
        assert!(refused(&long).contains("spaceDetails.description"));
        let many = Options { members: (0..50).map(|id| id.to_string()).collect(), ..options("x") };
        assert!(refused(&many).contains("50 members"));
        let group = Options { groups: vec!["team@example.com".into()], ..options("x") };
        assert!(refused(&group).contains("Cloud Identity"));
        let id = Options { request_id: Some("no-uuid".into()), ..options("x") };
        assert!(refused(&id).contains("no UUID"));
    }

    #[test]
    fn the_same_key_gives_the_same_id_and_no_key_a_new_one() {
        let id = |key: Option<&str>| {
            let options = Options { idempotency_key: key.map(str::to_owned), ..options("x") };
            request(&options).unwrap().request_id().to_owned()
        };
        assert_eq!(id(Some("class-7b")), id(Some("class-7b")));
        assert_ne!(id(Some("class-7b")), id(Some("class-7c")));
        assert_ne!(id(None), id(None));
    }
}
