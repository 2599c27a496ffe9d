//! The condition of a step: a rule in the language of the checks about the input of the composite and earlier outputs.

use super::expression::{EvaluationScope, Expression};
use serde_json::Value;

/// A rule over `input` and `steps`: `steps.fetch.output.count > 0 && has(input.limit)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Expression);

impl Condition {
    /// Parses a condition.
    ///
    /// # Errors
    /// The fault of the condition, in one line.
    pub fn parse(text: &str) -> Result<Condition, String> {
        Expression::parse(text).map(Condition)
    }

    /// Whether it is true; `steps` contains an object with the member `output` for each completed step.
    ///
    /// # Errors
    /// Why this cannot be determined, in one line.
    pub fn holds(&self, input: &Value, steps: &Value) -> Result<bool, String> {
        self.0.holds(&EvaluationScope { input, output: &Value::Null, other: None, steps: Some(steps), exit: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_speak_of_the_input_and_of_steps() {
        let (input, steps) = (json!({"deep": true}), json!({"a": {"output": {"n": 2}}, "1_b": {}}));
        let holds = |text: &str| Condition::parse(text).unwrap().holds(&input, &steps);
        assert_eq!(holds("steps.a.output.n > 1 && input.deep"), Ok(true));
        assert_eq!(holds("has(steps['1_b'].output)"), Ok(false));
        assert_eq!(holds("has(steps.c)"), Ok(false));
        assert!(holds("steps.a.output.m > 1").is_err());
        assert!(Condition::parse("steps.a.output >").is_err());
    }
}
