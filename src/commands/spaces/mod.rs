//! `chatauth spaces …`.

pub mod complete_import;
pub mod create;
pub mod delete;
mod draft;
pub(super) mod fields;
pub mod find_dm;
pub mod find_group_chats;
pub mod get;
pub mod list;
pub mod open;
mod options;
pub mod search;
mod show;
pub mod update;

super::subcommands! {
    /// Create, find, change and delete spaces
    pub Spaces {
        Create(create::Create),
        #[command(visible_alias = "ls")]
        List(list::List) => async,
        Get(get::Get) => async,
        Open(open::Open) => async,
        Update(update::Update),
        #[command(visible_alias = "rm")]
        Delete(delete::Delete),
        Search(search::Search) => async,
        FindDm(find_dm::FindDm) => async,
        FindGroupChats(find_group_chats::FindGroupChats) => async,
        CompleteImport(complete_import::CompleteImport) => async,
    }
}
