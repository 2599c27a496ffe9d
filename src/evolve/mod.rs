//! Evolving: how a better version of a tool is asked for, and what is made of the answer.
//!
//! Everything here is a function of values: nothing asks a generator, starts a version, reads a clock or writes a
//! file. The engine does that, as the effects of the loop tell it, and hands back what came of it.
