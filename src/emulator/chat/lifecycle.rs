//! `spaces.delete` and `spaces.completeImport`.

use serde_json::{Value, json};

use super::access::{self, Method};
use super::read::find_space;
use super::schema;
use super::status::{Status, permit, refuse_if};
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static DELETE: Method = Method::new("DeleteSpace", &["chat.delete", "chat.import"])
    .admin(&["chat.admin.delete"])
    .counted(&[Metric::SpaceWrites, Metric::WritesPerSpace]);

static COMPLETE_IMPORT: Method = Method::new("CompleteImportSpace", &["chat.import"]);

pub(in crate::emulator) fn delete(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &DELETE)?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    caller.check_import(&DELETE, space)?;
    refuse_if(space.field("spaceType") != "SPACE" && !space.importing(), "name", "Only a named space can be deleted.")?;
    permit(caller.admin || space.is_owned_by(&caller.user))?;
    let name = space.name().to_owned();
    state.spaces.remove(&name);
    Ok(json!({}))
}

pub(in crate::emulator) fn complete_import(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &COMPLETE_IMPORT)?;
    schema::read(call, &schema::COMPLETE_IMPORT_SPACE_REQUEST, "")?;
    permit(caller.delegated)?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    if !space.importing() {
        return Err(Status::precondition("The space is not in import mode."));
    }
    space.set("importMode", None);
    space.set("importModeExpireTime", None);
    Ok(json!({ "space": space.body }))
}
