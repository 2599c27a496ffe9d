//! Services: tools that keep running. Their definitions, their instances with their life cycle, and the exchange of
//! messages with them.

mod adapter;
mod definition;
mod exchange_queue;
mod facts;
mod instance;
mod last_line;
mod life_timer;
#[cfg(test)]
mod life_timer_tests;
mod lifecycle;
#[cfg(test)]
mod lifecycle_tests;

pub use adapter::{Answered, MessageFault, Outgoing, decode, encode};
pub use definition::{
    Adapter, Backoff, HealthCheck, LogRule, PortMode, PortNumber, PortPass, PortRule, Probe, ReadyCheck, RestartRule,
    ServiceDefinition, StartCondition, StopRule, StopSignal,
};
pub use exchange_queue::{ExchangeFault, ExchangeOrder, ExchangeQueue, ExchangeRequest, MAX_ANSWER};
pub use instance::{
    Exchange, ExchangeRole, HealthFact, HealthState, Instance, InstanceContext, InstanceId, InstancePort,
};
pub use last_line::LastLine;
pub use life_timer::LifeTimer;
pub use lifecycle::{Desired, InstanceState, LifeEvent, LifeOrder, LifeRules, Lifecycle, StopCause};
