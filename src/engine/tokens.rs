//! Tokens that identify agents over HTTP: who may create them, what is stored, and which agent a token identifies.

use super::agents::Agents;
use super::error::{EngineError, ErrorCode};
use super::plain_verb::{Described, Perform, PlainQuery, PlainVerb, argument, parsed};
use super::view::Preview;
use crate::domain::description::{Align, Content, Describe, Description, Ink, Table};
use crate::domain::{Digest, Instant, Outcome, VerbCall, agent_name, count};
use crate::store::{
    NewOperation, TokenRow, agent_token, agent_tokens, create_agent_token, revoke_agent_token, use_agent_token,
};
use serde::Serialize;
use serde_json::json;
use std::fs::File;
use std::io::Read;

/// Lists the tokens.
pub(super) const TOKENS: PlainQuery = PlainQuery {
    name: "tokens",
    needs_catalog: false,
    answer: |engine, _, _| Described::of(&engine.agents().tokens()?),
};

/// Creates a token.
pub(super) const TOKEN: PlainVerb = PlainVerb {
    name: "token",
    needs_catalog: false,
    preview: |_, call| preview_token(call),
    perform: Perform::Human(|engine, who, call| engine.agents().create_token(who, call)),
};

/// Revokes a token.
pub(super) const REVOKE_TOKEN: PlainVerb = PlainVerb {
    name: "revoke-token",
    needs_catalog: false,
    preview: |engine, call| engine.agents().preview_revoke_token(call),
    perform: Perform::Human(|engine, who, call| engine.agents().revoke_token(who, call)),
};

/// The prefix of every token, so that people and secret scanners recognise a token.
const PREFIX: &str = "toolsmith_";

/// The most tokens that a workspace can have.
const MOST_TOKENS: usize = 1_000;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its number in the workspace.
    pub token: i64,
    /// The agent that it names.
    pub agent: String,
    /// Who created it.
    pub created_by: String,
    /// When it was created.
    pub created: Instant,
    /// When an agent last connected with it.
    pub used: Option<Instant>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Token {
        let TokenRow { id, agent, created_by, created, used } = row;
        Token { token: id, agent, created_by, created, used }
    }
}

/// The tokens of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenList {
    /// Oldest first.
    pub tokens: Vec<Token>,
}

impl Describe for TokenList {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        let heads = [
            ("token", Align::Right),
            ("agent", Align::Left),
            ("created", Align::Right),
            ("by", Align::Left),
            ("last used", Align::Right),
        ];
        let mut table = Table::new(&heads);
        for token in &self.tokens {
            table.row([
                (Ink::Strong, Content::from(token.token.to_string())),
                (Ink::Strong, token.agent.clone().into()),
                (Ink::Dim, token.created.into()),
                (Ink::Plain, token.created_by.clone().into()),
                (Ink::Dim, token.used.map_or_else(|| "never".to_owned().into(), Content::from)),
            ]);
        }
        if !self.tokens.is_empty() {
            told.table(table);
        }
        told.summary(count(self.tokens.len(), "token"));
        told
    }
}

impl Agents<'_> {
    /// The tokens that are valid, oldest first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn tokens(&self) -> Result<TokenList, EngineError> {
        let rows = self.workspace.read(|q| Ok(agent_tokens(q)?))?;
        Ok(TokenList { tokens: rows.into_iter().map(Token::from).collect() })
    }

    /// The token with this secret; `None` if the text is not a valid token.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn known_by(&self, secret: &str) -> Result<Option<Token>, EngineError> {
        // The duration of a lookup by digest reveals nothing about the secret.
        let row = self.workspace.read(|q| Ok(agent_token(q, digest(secret))?))?;
        Ok(row.map(Token::from))
    }

    /// Records that an agent connected with this token.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn token_used(&self, token: i64) -> Result<(), EngineError> {
        self.workspace.transact(|tx| Ok(use_agent_token(tx, token)?))
    }

    fn create_token(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let agent = named(call)?;
        let tokens = self.tokens()?.tokens;
        if let Some(token) = tokens.iter().find(|token| token.agent == agent) {
            let message = format!("{agent} has a token already");
            let hint = format!("`toolsmith revoke-token {}` ends it; then create another one", token.token);
            return Err(EngineError::new(ErrorCode::Refused, message, hint));
        }
        if tokens.len() >= MOST_TOKENS {
            let message = format!("a workspace has at most {MOST_TOKENS} tokens");
            return Err(EngineError::new(ErrorCode::Refused, message, "revoke one: `toolsmith revoke-token NUMBER`"));
        }
        let secret = secret()?;
        let number = self.workspace.transact(|tx| {
            let number = create_agent_token(tx, &agent, digest(&secret), who)?;
            let row = NewOperation {
                who: who.to_owned(),
                verb: "token".to_owned(),
                subject: agent.clone(),
                detail: json!({"token": number}),
                reversible: false,
            };
            tx.log(&row)?;
            Ok(number)
        })?;
        Ok(Outcome {
            // Nothing but the secret is printed, so that it can be piped.
            operation: None,
            review: None,
            message: secret.clone(),
            commit: None,
            detail: json!({"token": number, "agent": agent, "secret": secret}),
        })
    }

    fn token_of(&self, call: &VerbCall) -> Result<Token, EngineError> {
        argument(call, "token")?;
        let number: i64 = parsed(call, "token")?.unwrap_or_default();
        self.tokens()?.tokens.into_iter().find(|token| token.token == number).ok_or_else(|| {
            let message = format!("there is no token {number}");
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith tokens` lists tokens")
        })
    }

    fn preview_revoke_token(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let token = self.token_of(call)?;
        Ok(Preview {
            title: format!("Revoke token {} of {}", token.token, token.agent),
            lines: vec!["its connections end and their runs are cancelled; requests stay in the queue".to_owned()],
            undo: "cannot be undone; `toolsmith token AGENT` creates another token".to_owned(),
        })
    }

    fn revoke_token(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let token = self.token_of(call)?;
        let operation = self.workspace.transact(|tx| {
            revoke_agent_token(tx, token.token)?;
            let row = NewOperation {
                who: who.to_owned(),
                verb: "revoke-token".to_owned(),
                subject: token.agent.clone(),
                detail: json!({"token": token.token}),
                reversible: false,
            };
            Ok(tx.log(&row)?)
        })?;
        Ok(Outcome {
            operation: Some(operation),
            review: None,
            message: format!("token {} of {} is revoked", token.token, token.agent),
            commit: None,
            detail: serde_json::Value::Null,
        })
    }
}

/// The agent for which a token is requested.
fn named(call: &VerbCall) -> Result<String, EngineError> {
    let hint = "name the agent, for example `toolsmith token build-bot`";
    agent_name(argument(call, "agent")?).map_err(|wrong| EngineError::new(ErrorCode::Usage, wrong, hint))
}

fn preview_token(call: &VerbCall) -> Result<Preview, EngineError> {
    Ok(Preview {
        title: format!("Create a token for {}", named(call)?),
        lines: vec![
            "anyone who has the token acts as this agent over HTTP; it is shown once, and only its hash is stored"
                .to_owned(),
        ],
        undo: "`toolsmith revoke-token NUMBER` ends it".to_owned(),
    })
}

/// The digest of a secret, which is stored instead of the secret. The secret has 128 random bits, so a plain digest
/// cannot be reversed by a search.
fn digest(secret: &str) -> Digest {
    Digest::of_bytes(&[b"token of an agent ", secret.as_bytes()].concat())
}

fn secret() -> Result<String, EngineError> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).map_err(EngineError::internal)?;
    // Short enough to be visible as a whole on a narrow screen.
    Ok(format!("{PREFIX}{:032x}", u128::from_ne_bytes(bytes)))
}
