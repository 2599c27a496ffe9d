//! Services: tools that keep running. What a definition says of one, its instances and their states.

mod definition;

pub use definition::{
    Adapter, Backoff, HealthCheck, LogRule, PortMode, PortNumber, PortPass, PortRule, Probe, ReadyCheck, RestartRule,
    ServiceDefinition, StartCondition, StopRule, StopSignal,
};
