//! The methods of `spaces` that look at a space, change it and end it.

use http::Method;
use serde_json::{Map, Value, json};

use super::call::{Call, Client, Operation, PAGE, SINGLE, admin};
use super::error::{Error, ErrorKind};
use super::names::SpaceName;
use super::page::{Page, Paging};
use super::wire::{Resource, Space};
use crate::secret::Secret;

/// `spaces.list`: one page of the spaces that the caller is a member of.
#[derive(Debug, Clone, Default)]
pub struct ListSpaces {
    /// As in `spaceType = "SPACE"`.
    pub filter: Option<String>,
    /// Which page.
    pub paging: Paging,
}

/// `spaces.get`, `spaces.delete`: one space.
#[derive(Debug, Clone)]
pub struct OneSpace {
    /// Which one.
    pub name: SpaceName,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

/// `spaces.patch`: some fields of a space.
#[derive(Debug, Clone)]
pub struct PatchSpace {
    /// Which space.
    pub name: SpaceName,
    /// Which fields.
    pub update_mask: String,
    /// Their new values.
    pub space: Map<String, Value>,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Client {
    /// One page of the caller's spaces.
    pub async fn list_spaces(
        &self,
        token: &Secret<String>,
        request: &ListSpaces,
        operation: &Operation,
    ) -> Result<Page<Space>, Error> {
        let mut query = Vec::new();
        if let Some(filter) = &request.filter {
            query.push(("filter", filter.clone()));
        }
        request.paging.add_to(&mut query);
        let call = Call { method: Method::GET, path: "/v1/spaces", query, body: None, limit: PAGE };
        self.call(token, call, operation, |answer| Page::read(&answer, "spaces")).await
    }

    /// One space.
    pub async fn get_space(
        &self,
        token: &Secret<String>,
        request: &OneSpace,
        operation: &Operation,
    ) -> Result<Resource<Space>, Error> {
        let path = format!("/v1/{}", request.name);
        let call = Call { method: Method::GET, path: &path, query: admin(request.admin), body: None, limit: SINGLE };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// Changes the fields that the mask names. Setting the same values again changes nothing, so an attempt whose
    /// answer was lost is repeated like any other.
    pub async fn patch_space(
        &self,
        token: &Secret<String>,
        request: &PatchSpace,
        operation: &Operation,
    ) -> Result<Resource<Space>, Error> {
        let path = format!("/v1/{}", request.name);
        let mut query = vec![("updateMask", request.update_mask.clone())];
        query.extend(admin(request.admin));
        let body = Some(Value::Object(request.space.clone()));
        let call = Call { method: Method::PATCH, path: &path, query, body, limit: SINGLE };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// Deletes a named space with all that is in it. It is repeated after a lost answer: an id is never given twice,
    /// so a repetition can only meet the same space or none, and none after an attempt of our own that may have
    /// arrived is what was wanted.
    pub async fn delete_space(
        &self,
        token: &Secret<String>,
        request: &OneSpace,
        operation: &Operation,
    ) -> Result<(), Error> {
        let path = format!("/v1/{}", request.name);
        let call = Call { method: Method::DELETE, path: &path, query: admin(request.admin), body: None, limit: SINGLE };
        match self.call(token, call, operation, |answer| answer.is_object().then_some(())).await {
            Err(Error { kind: ErrorKind::NotFound(_), may_have_been_applied: true, .. }) => Ok(()),
            other => other,
        }
    }

    /// Ends the import mode of a space. It is repeated after a lost answer: to complete twice is refused and changes
    /// nothing. Such a refusal stands as an error whose outcome is not known, because the scope of imports does not
    /// allow to look at the space.
    pub async fn complete_import(
        &self,
        token: &Secret<String>,
        name: &SpaceName,
        operation: &Operation,
    ) -> Result<Resource<Space>, Error> {
        let path = format!("/v1/{name}:completeImport");
        let call = Call { method: Method::POST, path: &path, query: Vec::new(), body: Some(json!({})), limit: SINGLE };
        self.call(token, call, operation, |answer| Resource::from_json(answer.get("space")?.clone())).await
    }
}
