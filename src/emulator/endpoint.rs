//! The endpoints of the emulator, by their names.

/// An endpoint of the emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The authorization endpoint.
    Authorize,
    /// The form of the consent page.
    Consent,
    /// The token endpoint.
    Token,
    /// The revocation endpoint.
    Revoke,
    /// Google's token introspection.
    TokenInfo,
    /// The userinfo endpoint.
    UserInfo,
    /// `spaces.create`
    Create,
    /// `spaces.setup`
    Setup,
    /// `spaces.list`
    List,
    /// `spaces.get`
    Get,
    /// `spaces.members.list` and `.get`
    Members,
    /// `spaces.patch`
    Update,
    /// `spaces.delete`
    Delete,
    /// `spaces.search`
    Search,
    /// `spaces.findDirectMessage`
    FindDirectMessage,
    /// `spaces.findGroupChats`
    FindGroupChats,
    /// `spaces.completeImport`
    CompleteImport,
    /// `spaces.members.create`
    AddMember,
    /// `spaces.members.patch`
    UpdateMember,
    /// `spaces.members.delete`
    RemoveMember,
    /// Any other path.
    Other,
}

impl Endpoint {
    /// Whether it belongs to the Chat API.
    pub fn is_chat(self) -> bool {
        !matches!(
            self,
            Self::Authorize
                | Self::Consent
                | Self::Token
                | Self::Revoke
                | Self::TokenInfo
                | Self::UserInfo
                | Self::Other
        )
    }
}

/// The names of the endpoints in faults.
pub(super) const ENDPOINTS: [(&str, Endpoint); 19] = [
    ("authorize", Endpoint::Authorize),
    ("token", Endpoint::Token),
    ("revoke", Endpoint::Revoke),
    ("tokeninfo", Endpoint::TokenInfo),
    ("userinfo", Endpoint::UserInfo),
    ("create", Endpoint::Create),
    ("setup", Endpoint::Setup),
    ("list", Endpoint::List),
    ("get", Endpoint::Get),
    ("update", Endpoint::Update),
    ("delete", Endpoint::Delete),
    ("search", Endpoint::Search),
    ("find-dm", Endpoint::FindDirectMessage),
    ("find-group-chats", Endpoint::FindGroupChats),
    ("complete-import", Endpoint::CompleteImport),
    ("members", Endpoint::Members),
    ("add-member", Endpoint::AddMember),
    ("update-member", Endpoint::UpdateMember),
    ("remove-member", Endpoint::RemoveMember),
];
