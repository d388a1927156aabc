//! The methods of `spaces.members`.

use http::Method;
use serde_json::{Value, json};

use super::call::{Call, Client, Operation, PAGE, SINGLE, admin};
use super::error::{Error, ErrorKind};
use super::names::{MemberName, SpaceName};
use super::page::{Page, Paging};
use super::wire::{Membership, NewMembership, Resource, Role};
use crate::secret::Secret;

/// `members.create`: one more member.
#[derive(Debug, Clone)]
pub struct CreateMembership {
    /// In which space.
    pub space: SpaceName,
    /// Who.
    pub membership: NewMembership,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

/// `members.list`: one page of the members of a space.
#[derive(Debug, Clone)]
pub struct ListMemberships {
    /// Of which space.
    pub space: SpaceName,
    /// As in `role = "ROLE_MANAGER"`.
    pub filter: Option<String>,
    /// Whether groups are wanted too.
    pub groups: bool,
    /// Whether people who are only invited are wanted too.
    pub invited: bool,
    /// Which page; the server gives at most 1,000.
    pub paging: Paging,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

/// `members.get`, `members.delete`: one membership.
#[derive(Debug, Clone)]
pub struct OneMembership {
    /// Which one.
    pub name: MemberName,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Client {
    /// Adds a member. It is repeated after a lost answer: nobody can be a member twice, so the repetition is refused
    /// when the lost attempt had arrived, and then what was wanted is done. `None` stands for that.
    pub async fn create_membership(
        &self,
        token: &Secret<String>,
        request: &CreateMembership,
        operation: &Operation,
    ) -> Result<Option<Resource<Membership>>, Error> {
        let path = format!("/v1/{}/members", request.space);
        let body = serde_json::to_value(&request.membership).ok();
        let call = Call { method: Method::POST, path: &path, query: admin(request.admin), body, limit: SINGLE };
        match self.call(token, call, operation, Resource::from_json).await {
            Ok(membership) => Ok(Some(membership)),
            Err(Error { kind: ErrorKind::AlreadyExists(_), may_have_been_applied: true, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One page of the members of a space.
    pub async fn list_memberships(
        &self,
        token: &Secret<String>,
        request: &ListMemberships,
        operation: &Operation,
    ) -> Result<Page<Membership>, Error> {
        let path = format!("/v1/{}/members", request.space);
        let mut query = Vec::new();
        if let Some(filter) = &request.filter {
            query.push(("filter", filter.clone()));
        }
        for (name, wanted) in [("showGroups", request.groups), ("showInvited", request.invited)] {
            if wanted {
                query.push((name, String::from("true")));
            }
        }
        request.paging.add_to(&mut query);
        query.extend(admin(request.admin));
        let call = Call { method: Method::GET, path: &path, query, body: None, limit: PAGE };
        self.call(token, call, operation, |answer| Page::read(&answer, "memberships")).await
    }

    /// One membership.
    pub async fn get_membership(
        &self,
        token: &Secret<String>,
        request: &OneMembership,
        operation: &Operation,
    ) -> Result<Resource<Membership>, Error> {
        let path = format!("/v1/{}", request.name);
        let call = Call { method: Method::GET, path: &path, query: admin(request.admin), body: None, limit: SINGLE };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// Gives a member another role. The same role again changes nothing, so an attempt whose answer was lost is
    /// repeated like any other.
    pub async fn patch_membership(
        &self,
        token: &Secret<String>,
        request: &OneMembership,
        role: Role,
        operation: &Operation,
    ) -> Result<Resource<Membership>, Error> {
        let path = format!("/v1/{}", request.name);
        let mut query = vec![("updateMask", String::from("role"))];
        query.extend(admin(request.admin));
        let body: Option<Value> = Some(json!({ "role": role.as_wire() }));
        let call = Call { method: Method::PATCH, path: &path, query, body, limit: SINGLE };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// Ends a membership. It is repeated after a lost answer: that nobody is there any more, after an attempt of our
    /// own that may have arrived, is what was wanted. A member that somebody adds again within those seconds is
    /// removed again. `None` where only the lost answer had the membership.
    pub async fn delete_membership(
        &self,
        token: &Secret<String>,
        request: &OneMembership,
        operation: &Operation,
    ) -> Result<Option<Resource<Membership>>, Error> {
        let path = format!("/v1/{}", request.name);
        let call = Call { method: Method::DELETE, path: &path, query: admin(request.admin), body: None, limit: SINGLE };
        match self.call(token, call, operation, Resource::from_json).await {
            Ok(membership) => Ok(Some(membership)),
            Err(Error { kind: ErrorKind::NotFound(_), may_have_been_applied: true, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
