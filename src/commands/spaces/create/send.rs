//! Looking for a space and creating it.

use super::plan::{Plan, Request};
use crate::chat::{
    CreateMembership, CreateSpace, GetMembership, ListSpaces, Method, PatchMembership, Resource, Scopes, SetUpSpace,
    Space,
};
use crate::commands::caller::{CallError, Caller};
use crate::commands::pagination::Pages;
use crate::commands::{Context, ErrorCode, Failure};

/// The most spaces that the API lists at once.
const LARGEST_PAGE: u32 = 1000;

/// The methods that the plan cannot do without.
pub(super) fn methods(plan: &Plan) -> Vec<Scopes> {
    let mut methods = vec![match &plan.request {
        Request::Create(_) if plan.import => CreateSpace::SCOPES_FOR_IMPORT,
        Request::Create(_) => CreateSpace::SCOPES,
        Request::SetUp(_) => SetUpSpace::SCOPES,
    }];
    if plan.look_for.is_some() {
        methods.push(ListSpaces::SCOPES);
    }
    // What import mode allows stands on the one scope that was asked for already.
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

/// A space of the caller's with exactly this name. No more pages are read than it takes to find one.
pub(super) async fn look_for(name: &str, caller: &mut Caller<'_>) -> Result<Option<Resource<Space>>, CallError> {
    let mut pages = Pages::new(None, LARGEST_PAGE);
    while let Some(paging) = pages.next() {
        let request = ListSpaces { filter: Some(String::from("spaceType = \"SPACE\"")), paging };
        let page = caller.send(&request).await?;
        let same = |space: &Resource<Space>| space.fields.display_name.as_deref() == Some(name);
        if let Some(space) = pages.take(page).into_iter().find(same) {
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
                "take another name: no space of yours has this one, so it is a space of your organization that you \
                 are not a member of and cannot see"
            }
            None => {
                "take another name, or a space of yours that has this one with --if-exists reuse; it may also be a \
                 space of your organization that you cannot see"
            }
        }),
        failure => failure,
    })
}
