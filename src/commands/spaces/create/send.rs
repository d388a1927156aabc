//! Searches for an existing space and creates a new one.

use super::plan::{Plan, Request};
use crate::chat::{
    CreateMembership, CreateSpace, GetMembership, ListSpaces, Method, PatchMembership, Resource, Scopes, SetUpSpace,
    Space,
};
use crate::commands::caller::Caller;
use crate::commands::pagination::Pages;
use crate::commands::{Context, ErrorCode, Failure};

/// The most spaces per page.
const LARGEST_PAGE: u32 = 1000;

/// Returns the scopes of the methods that the plan calls.
pub(super) fn methods(plan: &Plan) -> Vec<Scopes> {
    let mut methods = vec![match &plan.request {
        Request::Create(_) if plan.import => CreateSpace::SCOPES_FOR_IMPORT,
        Request::Create(_) => CreateSpace::SCOPES,
        Request::SetUp(_) => SetUpSpace::SCOPES,
    }];
    if plan.look_for.is_some() {
        methods.push(ListSpaces::SCOPES);
    }
    // In import mode, `chat.import` allows the other methods too.
    if !plan.import {
        if !plan.more.is_empty() {
            methods.push(CreateMembership::SCOPES);
        }
        if !plan.promotions.is_empty() {
            methods.extend([PatchMembership::SCOPES, GetMembership::SCOPES]);
        }
    }
    methods
}

/// Returns one of the caller's spaces with exactly this display name. Reads no page after it.
pub(super) async fn look_for(name: &str, caller: &mut Caller<'_>) -> anyhow::Result<Option<Resource<Space>>> {
    let mut pages = Pages::all(LARGEST_PAGE);
    let request = |paging| ListSpaces { filter: Some(String::from("spaceType = \"SPACE\"")), paging };
    while let Some(spaces) = pages.next(caller, request).await? {
        let same = |space: &Resource<Space>| space.fields.display_name.as_deref() == Some(name);
        if let Some(space) = spaces.into_iter().find(same) {
            return Ok(Some(space));
        }
    }
    Ok(None)
}

/// Creates the space.
pub(super) async fn send(plan: &Plan, caller: &mut Caller<'_>, context: &Context) -> Result<Resource<Space>, Failure> {
    let result = match &plan.request {
        Request::Create(request) => caller.send(request).await,
        Request::SetUp(request) => caller.send(request).await,
    };
    result.map_err(|error| match context.report(error) {
        failure if failure.code == ErrorCode::AlreadyExists => failure.hint(match plan.look_for {
            Some(_) => {
                "choose another name: a space of your organization that you cannot see has this one"
            }
            None => {
                "choose another name, or pass --if-exists reuse if the space is yours; a space of your organization that you \
                 cannot see may have this name"
            }
        }),
        failure => failure,
    })
}
