//! How domain values are stored in columns: words and names as text, digests as 32 bytes, times and ids as integers.

use crate::domain::composite::StepState;
use crate::domain::service::{ExchangeRole, InstanceId, InstanceState};
use crate::domain::{
    BufferId, CommentId, CommentKind, CostTier, DecisionKind, Digest, EventKind, EventSeq, EvolutionId, EvolutionState,
    FailureKind, GrantId, GroupState, Instant, IsolationLevel, MarkId, Mutation, OperationId, OpportunityKind, Profile,
    ReviewId, ReviewKind, ReviewState, Risk, RunId, RunOutcome, Severity, Stage, Strategy, ToolName, UnansweredKind,
    UnlockId,
};
use rusqlite::Result as SqlResult;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

macro_rules! words_as_text {
    ($($name:ty),+ $(,)?) => { $(
        impl ToSql for $name {
            fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.word()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(FromSqlError::other)
            }
        }
    )+ };
}

macro_rules! numbers_as_integer {
    ($($name:ident),+ $(,)?) => { $(
        impl ToSql for $name {
            fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.0))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($name)
            }
        }
    )+ };
}

words_as_text!(
    CommentKind,
    CostTier,
    DecisionKind,
    EventKind,
    EvolutionState,
    ExchangeRole,
    FailureKind,
    GroupState,
    InstanceState,
    IsolationLevel,
    Mutation,
    OpportunityKind,
    Profile,
    ReviewKind,
    ReviewState,
    Risk,
    RunOutcome,
    Severity,
    Stage,
    StepState,
    Strategy,
    UnansweredKind,
);
numbers_as_integer!(
    CommentId,
    EventSeq,
    EvolutionId,
    GrantId,
    InstanceId,
    Instant,
    MarkId,
    OperationId,
    ReviewId,
    RunId,
    UnlockId
);

impl ToSql for ToolName {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for ToolName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        ToolName::new(value.as_str()?).map_err(FromSqlError::other)
    }
}

impl ToSql for BufferId {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for BufferId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        BufferId::new(value.as_str()?).map_err(FromSqlError::other)
    }
}

impl ToSql for Digest {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.as_slice()))
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(Digest)
    }
}

/// A value stored in a text column in its printed form.
pub(super) struct Text<T>(pub T);

impl<T: Display> ToSql for Text<T> {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.to_string()))
    }
}

impl<T> FromSql for Text<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Text).map_err(FromSqlError::other)
    }
}

/// A value stored in a text column as JSON.
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        Ok(ToSqlOutput::from(text))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Json).map_err(FromSqlError::other)
    }
}

/// A count. SQLite's integers are signed: a larger count is stored as the largest integer.
pub(super) struct Count(pub u64);

impl ToSql for Count {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(i64::try_from(self.0).unwrap_or(i64::MAX)))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Count).map_err(|_| FromSqlError::OutOfRange(number))
    }
}
