//! `chatauth spaces`: its options, and from them to the commands.
#![expect(clippy::doc_markdown, reason = "these doc comments are the help texts, in which backticks would show")]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::commands::spaces::{self, Fields, create, update};
use crate::commands::{Context, Source, SpaceType, bulk};

use super::members_args::Admin;

#[derive(Debug, Subcommand)]
pub(super) enum Spaces {
    /// Create a space, logging in first when that is needed
    Create(Box<Create>),
    /// List the spaces that you are a member of
    List(List),
    /// Show a space
    Get(One),
    /// Change a space
    Update(Box<Update>),
    /// Delete a space with all that is in it
    Delete(Delete),
    /// Find spaces by their name, or with a query
    Search(Search),
    /// Find the direct message with a person
    FindDm {
        /// The person, by e-mail address or id
        #[arg(value_name = "USER")]
        user: String,
    },
    /// Find the group chats of exactly these people and yourself
    FindGroupChats(FindGroupChats),
    /// Open a space that was filled in import mode to its members
    CompleteImport {
        /// The space: spaces/AAAA, its id or its address
        #[arg(value_name = "SPACE")]
        space: String,
    },
}

/// What describes a space, new or not.
#[derive(Debug, Args)]
struct Describing {
    /// Name of the space, 1 to 128 characters
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the space is for, at most 4,096 characters
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its rules, at most 5,000 characters
    #[arg(long, value_name = "TEXT")]
    guidelines: Option<String>,
    /// Whether messages are kept
    #[arg(long, value_name = "on|off")]
    history: Option<OnOff>,
    /// Who may find the space: default, or the id of a target audience
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// A space as JSON, as the API has it; - is standard input. Options go over it, and what is not known here is sent
    /// as it stands
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is fixed when a space is made.
#[derive(Debug, Args)]
struct Fixed {
    /// People outside the organization may join (cannot be changed later)
    #[arg(long, conflicts_with = "internal")]
    external: bool,
    /// Only people of the organization may join
    #[arg(long)]
    internal: bool,
    /// Who may post: everybody, or managers only
    #[arg(long, value_name = "PRESET")]
    permissions: Option<Permissions>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the options")]
pub(super) struct Create {
    #[command(flatten)]
    describing: Describing,
    #[command(flatten)]
    fixed: Fixed,
    /// What to create: a named space, a group chat or a direct message [default: space]
    #[arg(long = "type", value_name = "TYPE")]
    space_type: Option<SpaceTypeName>,
    /// A person to add, by e-mail address or id
    #[arg(long, value_name = "USER")]
    member: Vec<String>,
    /// A group to add, by Cloud Identity id
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// A person to add and make a manager
    #[arg(long, value_name = "USER")]
    manager: Vec<String>,
    /// A person to add and make an owner
    #[arg(long, value_name = "USER")]
    owner: Vec<String>,
    /// Create the space in import mode, to be filled with old messages (needs domain-wide delegation)
    #[arg(long)]
    import_mode: bool,
    /// When the imported space began, as in 2024-02-29T12:00:00Z
    #[arg(long, value_name = "TIME")]
    create_time: Option<String>,
    /// Look for a space of yours with this name first: create none then, or take that one. Without this option, and
    /// beside --request-id, nothing is looked for, and only what the API refuses is refused
    #[arg(long, value_name = "fail|reuse")]
    if_exists: Option<IfExists>,
    /// Repeat an earlier attempt: the same id makes the same space
    #[arg(long, value_name = "UUID", conflicts_with = "idempotency_key")]
    request_id: Option<String>,
    /// Any text that stands for this operation: the same text makes the same space
    #[arg(long, value_name = "TEXT")]
    idempotency_key: Option<String>,
    /// Show the request instead of sending it; with --from, check the rows and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Create a space for every row of a file: CSV with the options' names as header (lists separated by ;), or JSON
    /// Lines; - is standard input. Other options are defaults for every row
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "request_id", "idempotency_key", "json"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: Bulk,
}

/// How a bulk run goes.
#[derive(Debug, Default, Args)]
pub(super) struct Bulk {
    /// Journal of the run: with the same file the same command takes the run up again, and makes nothing twice
    #[arg(long, value_name = "FILE", requires = "from")]
    results: Option<PathBuf>,
    /// Requests a minute, and an hour, at most; or unlimited [default: what Google surely allows a project: 30,200 to
    /// create, 50 to delete, 250 to add members]
    #[arg(long, value_name = "PER_MINUTE[,PER_HOUR]", requires = "from")]
    rate: Option<bulk::Rate>,
    /// Requests on their way at once [default: 8]
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: Option<u16>,
    /// End the run at the first failure
    #[arg(long, requires = "from")]
    fail_fast: bool,
}

impl Bulk {
    /// The options of a run over the rows of `from`. `rate` is for what is done, where nobody says otherwise.
    pub(super) fn options(self, from: PathBuf, rate: bulk::Rate, dry_run: bool) -> bulk::Options {
        bulk::Options {
            source: Source::new(from),
            results: self.results,
            rate: self.rate.unwrap_or(rate),
            concurrency: self.concurrency.map_or(bulk::DEFAULT_CONCURRENCY, usize::from),
            fail_fast: self.fail_fast,
            dry_run,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Update {
    /// The space: spaces/AAAA, its id or its address
    #[arg(value_name = "SPACE")]
    space: String,
    #[command(flatten)]
    describing: Describing,
    // Not in the help: they are here to say why they cannot be changed.
    #[arg(long, hide = true)]
    external: bool,
    #[arg(long, hide = true)]
    internal: bool,
    #[arg(long, hide = true)]
    permissions: Option<Permissions>,
    /// Make a named space of a group chat; --name goes with it
    #[arg(long = "type", value_name = "space")]
    space_type: Option<OnlySpace>,
    /// Who may do what, as in use-at-mention-all=managers: owners, managers (and owners), or members (everybody)
    #[arg(long, value_name = "SETTING=WHO")]
    allow: Vec<String>,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The space: spaces/AAAA, its id or its address
    #[arg(value_name = "SPACE")]
    space: String,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct Delete {
    /// The space: spaces/AAAA, its id or its address
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Delete the space of every row of a file: CSV with the column space, or JSON Lines; - is standard input. Nobody
    /// is asked, so it goes with --yes
    #[arg(long, value_name = "FILE", conflicts_with = "space", requires = "yes")]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: Bulk,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct Search {
    /// Words of the name; with = or : in it, a query in the API's own language
    #[arg(value_name = "QUERY", required = true)]
    query: Vec<String>,
    /// As in 'create_time DESC'
    #[arg(long, value_name = "ORDER")]
    order_by: Option<String>,
    /// Stop after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct FindGroupChats {
    /// A person, by e-mail address or id
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    /// Whole spaces instead of bare names (needs the scope chat.spaces.readonly too)
    #[arg(long)]
    expanded: bool,
    /// Stop after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this kind of space
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<SpaceTypeName>,
    /// A filter in the API's own language, as in 'spaceType = "SPACE"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Stop after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnOff {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Permissions {
    Collaboration,
    Announcement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IfExists {
    Fail,
    Reuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnlySpace {
    Space,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SpaceTypeName {
    Space,
    GroupChat,
    DirectMessage,
}

impl From<SpaceTypeName> for SpaceType {
    fn from(name: SpaceTypeName) -> Self {
        match name {
            SpaceTypeName::Space => Self::Space,
            SpaceTypeName::GroupChat => Self::GroupChat,
            SpaceTypeName::DirectMessage => Self::DirectMessage,
        }
    }
}

impl Describing {
    fn fields(self, external: Option<bool>, permissions: Option<Permissions>) -> Fields {
        Fields {
            name: self.name,
            description: self.description,
            guidelines: self.guidelines,
            external,
            history: self.history.map(|history| history == OnOff::On),
            announcement: permissions.map(|permissions| permissions == Permissions::Announcement),
            audience: self.audience,
            json: self.json.map(Source::new),
            ..Fields::default()
        }
    }
}

const fn either(external: bool, internal: bool) -> Option<bool> {
    match (external, internal) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Runs a command.
pub(super) fn run(command: Spaces, context: &Context) -> anyhow::Result<()> {
    match command {
        Spaces::Create(create) => {
            let dry_run = create.dry_run;
            let mut create = create;
            if let Some(from) = create.from.take() {
                let bulk = std::mem::take(&mut create.bulk).options(from, bulk::Rate::DEFAULT, dry_run);
                let task = create::from::Task::new(create_options(*create));
                return context.block_on(create::from::run(&task, &bulk, context));
            }
            // Standard input is read before signals are watched, so that Ctrl-C ends the wait for it.
            let plan = create::plan(&create_options(*create))?;
            if dry_run { create::dry_run(&plan, context) } else { context.block_on(create::run(&plan, context)) }
        }
        Spaces::List(list) => {
            let options = spaces::list::Options {
                types: list.types.into_iter().map(SpaceType::from).collect(),
                filter: list.filter,
                limit: list.limit,
            };
            context.block_on(spaces::list::run(options, context))
        }
        Spaces::Get(One { space, admin }) => {
            let options = spaces::get::Options { space, admin: admin.use_admin_access };
            context.block_on(spaces::get::run(options, context))
        }
        Spaces::Update(update) => {
            let plan = update::plan(&update_options(*update))?;
            context.block_on(update::run(plan, context))
        }
        Spaces::Delete(Delete { from: Some(from), bulk, admin, .. }) => {
            let options = bulk.options(from, spaces::delete::DEFAULT_RATE, false);
            context.block_on(spaces::delete::run_from(admin.use_admin_access, &options, context))
        }
        Spaces::Delete(Delete { space, yes, admin, .. }) => {
            let space = space.unwrap_or_default();
            let options = spaces::delete::Options { space, yes, admin: admin.use_admin_access };
            context.block_on(spaces::delete::run(options, context))
        }
        Spaces::Search(search) => {
            let options = spaces::search::Options {
                query: search.query.join(" "),
                order_by: search.order_by,
                limit: search.limit,
                admin: search.admin.use_admin_access,
            };
            context.block_on(spaces::search::run(options, context))
        }
        Spaces::FindDm { user } => context.block_on(spaces::find_dm::run(&user, context)),
        Spaces::FindGroupChats(FindGroupChats { users, expanded, limit }) => {
            let options = spaces::find_group_chats::Options { users, expanded, limit };
            context.block_on(spaces::find_group_chats::run(options, context))
        }
        Spaces::CompleteImport { space } => context.block_on(spaces::complete_import::run(&space, context)),
    }
}

fn create_options(create: Create) -> create::Options {
    let Fixed { external, internal, permissions } = create.fixed;
    create::Options {
        fields: create.describing.fields(either(external, internal), permissions),
        space_type: create.space_type.map(SpaceType::from),
        members: create.member,
        groups: create.group,
        managers: create.manager,
        owners: create.owner,
        import_mode: create.import_mode,
        create_time: create.create_time,
        request_id: create.request_id,
        idempotency_key: create.idempotency_key,
        if_exists: create.if_exists.map(|what| match what {
            IfExists::Fail => create::IfExists::Fail,
            IfExists::Reuse => create::IfExists::Reuse,
        }),
    }
}

fn update_options(update: Update) -> update::Options {
    update::Options {
        space: update.space,
        fields: update.describing.fields(either(update.external, update.internal), update.permissions),
        to_space: update.space_type.is_some(),
        allow: update.allow,
        admin: update.admin.use_admin_access,
    }
}
