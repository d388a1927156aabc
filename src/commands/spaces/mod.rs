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
pub(super) mod name;
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
        List(list::List),
        Get(get::Get),
        Open(open::Open),
        Update(update::Update),
        #[command(visible_alias = "rm")]
        Delete(delete::Delete),
        Search(search::Search),
        FindDm(find_dm::FindDm),
        FindGroupChats(find_group_chats::FindGroupChats),
        CompleteImport(complete_import::CompleteImport),
    }
}
