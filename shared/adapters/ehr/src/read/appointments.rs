//! Appointments in a window, and by id. What a server ignores of our question is asked again here of its
//! answer; it never concludes from silence that something is gone.

use daybook_core::detail::Detail;
use daybook_core::ids::{AppointmentId, PractitionerId};
use daybook_core::time::Interval;
use daybook_engine::ports::{Appointments, Found, RemoteError};
use futures_util::future::try_join_all;

use super::batch::{Batch, elements_of, read_alone, search};
use super::roles::roles_of;
use crate::config::can_exist;
use crate::ehr::Server;
use crate::http::Absence;
use crate::requests::{GetAppointment, SearchAppointments, SearchAppointmentsById};
use crate::translate::Draft;

const IDS_PER_REQUEST: usize = 50;

pub(crate) async fn list_appointments(
    server: &Server,
    practitioner: &PractitionerId,
    within: Interval,
    detail: Detail,
) -> Result<Appointments, RemoteError> {
    let mut batch = list_by(server, practitioner, &[], within, detail).await?;
    if batch.seen.is_empty() && batch.unreadable.is_empty() {
        let roles = roles_of(server, practitioner).await?;
        if !roles.is_empty() {
            batch = list_by(server, practitioner, &roles, within, detail).await?;
        }
    }
    batch.keep_newest();
    batch.resolve(server).await?;
    batch.seen.retain(|seen| is_wanted(&seen.draft, practitioner, within));
    let (items, unreadable, completeness) = batch.disclose(server, detail).await?;
    Ok(Appointments { items, unreadable, completeness })
}

async fn list_by(
    server: &Server,
    practitioner: &PractitionerId,
    roles: &[String],
    within: Interval,
    detail: Detail,
) -> Result<Batch, RemoteError> {
    let elements = elements_of(detail);
    let request = SearchAppointments { practitioner, roles, within, elements };
    search(server, request.prepare(&server.base), detail).await
}

/// Some servers ignore what we asked for. One that ends before it starts counts where it starts.
fn is_wanted(draft: &Draft, practitioner: &PractitionerId, within: Interval) -> bool {
    let is_theirs = draft.practitioners.iter().any(|(id, _)| id == practitioner);
    is_theirs
        && match draft.when {
            Some(Ok(when)) => when.overlaps(&within),
            Some(Err(_)) => draft.start.is_some_and(|start| within.contains(start)),
            None => false,
        }
}

pub(crate) async fn get_appointments(
    server: &Server,
    ids: &[AppointmentId],
    detail: Detail,
) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
    let mut all: Vec<(AppointmentId, Found)> = Vec::with_capacity(ids.len());
    let (real, impossible): (Vec<_>, Vec<_>) = ids.iter().partition(|id| can_exist(id.as_str()));
    all.extend(impossible.into_iter().map(|id| (id.clone(), Found::Gone)));
    for ids in real.chunks(IDS_PER_REQUEST) {
        let answers = match ids {
            [only] => get_alone(server, only, detail).await?,
            several => get_together(server, several, detail).await?,
        };
        all.extend(answers);
    }
    Ok(all)
}

/// One request, unless a bare 404 leaves it open whether the EHR or something before it has spoken.
async fn get_alone(
    server: &Server,
    id: &AppointmentId,
    detail: Detail,
) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
    match get_one(server, id, detail).await? {
        Ok(batch) => found(server, batch, &[id], detail).await,
        Err(Absence::Confirmed) => Ok(vec![(id.clone(), Found::Gone)]),
        Err(Absence::Claimed) => {
            let batch = search_by_id(server, &[id], detail).await?;
            let answers = found(server, batch, &[id], detail).await?;
            Ok(if answers.is_empty() { vec![(id.clone(), Found::Gone)] } else { answers })
        }
    }
}

/// One search; what it does not bring is confirmed one by one.
async fn get_together(
    server: &Server,
    ids: &[&AppointmentId],
    detail: Detail,
) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
    let batch = match search_by_id(server, ids, detail).await {
        Ok(batch) => batch,
        // It cannot search by id: each is read on its own.
        Err(RemoteError::Rejected { .. }) => {
            let each = ids.iter().map(|id| get_alone(server, id, detail));
            return Ok(try_join_all(each).await?.into_iter().flatten().collect());
        }
        Err(error) => return Err(error),
    };
    let mut answers = found(server, batch, ids, detail).await?;
    let missing = ids.iter().filter(|id| answers.iter().all(|(known, _)| known != **id));
    let confirmed = try_join_all(missing.map(|id| confirm(server, id, detail))).await?;
    answers.extend(confirmed.into_iter().flatten());
    Ok(answers)
}

/// The EHR's search knows nothing of it; a 404 of any sort is then evidence enough.
async fn confirm(
    server: &Server,
    id: &AppointmentId,
    detail: Detail,
) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
    match get_one(server, id, detail).await? {
        Ok(batch) => found(server, batch, &[id], detail).await,
        Err(_) => Ok(vec![(id.clone(), Found::Gone)]),
    }
}

async fn get_one(
    server: &Server,
    id: &AppointmentId,
    detail: Detail,
) -> Result<Result<Batch, Absence>, RemoteError> {
    let answer = server.send(&GetAppointment { id }.prepare(&server.base)).await?;
    if let Some(absence) = answer.absence() {
        return Ok(Err(absence));
    }
    let answer = answer.accepted()?;
    Ok(Ok(read_alone(server, &answer, id, detail)?))
}

async fn search_by_id(server: &Server, ids: &[&AppointmentId], detail: Detail) -> Result<Batch, RemoteError> {
    let request = SearchAppointmentsById { ids, elements: elements_of(detail) };
    search(server, request.prepare(&server.base), detail).await
}

/// The answers for those ids that were asked for, whatever else came.
async fn found(
    server: &Server,
    mut batch: Batch,
    ids: &[&AppointmentId],
    detail: Detail,
) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
    batch.seen.retain(|seen| ids.contains(&&seen.draft.id));
    batch.keep_newest();
    batch.resolve(server).await?;
    let (items, unreadable, _) = batch.disclose(server, detail).await?;
    let unreadable = unreadable.into_iter().filter(|id| ids.contains(&id));
    let unreadable = unreadable.map(|id| (id, Found::Unreadable));
    Ok(items.into_iter().map(|item| (item.id.clone(), Found::Standing(item))).chain(unreadable).collect())
}
