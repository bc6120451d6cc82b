//! A gate by its name: an account's, or an app's.

use super::account::{AccountGate, GatePorts};
use super::appgate::AppGate;
use super::model::{GateName, GateReply, GateRequest};
use crate::ports::StorageError;

/// A gate of either kind.
pub enum Gate {
    /// One account's.
    Account(Box<AccountGate>),
    /// One app's.
    App(AppGate),
}

impl Gate {
    /// The gate of this name over its storage; makes the tables when they are missing.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn open(name: &str, ports: GatePorts) -> Result<Self, StorageError> {
        Ok(if GateName::is_app(name) {
            Self::App(AppGate::new(ports)?)
        } else {
            Self::Account(Box::new(AccountGate::new(ports)?))
        })
    }

    /// Does what it is asked. Never fails: a failure of its storage is an answer, and then nothing was sent or granted.
    pub async fn ask(&self, request: GateRequest) -> GateReply {
        match self {
            Self::Account(gate) => gate.ask(request).await,
            Self::App(gate) => gate.ask(request),
        }
    }

    /// What it asked to be woken for. An app's gate never does.
    pub async fn wake(&self) {
        match self {
            Self::Account(gate) => gate.wake().await,
            Self::App(_) => {}
        }
    }
}
