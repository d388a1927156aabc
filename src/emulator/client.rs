//! OAuth clients: desktop apps and web apps.

/// An OAuth client.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) kind: ClientKind,
}

#[derive(Clone, Debug)]
pub(super) enum ClientKind {
    Desktop,
    Web { redirect_uris: Vec<String> },
}
