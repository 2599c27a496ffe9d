//! Words that nobody can see are none: what asks for a reason is not satisfied by them.

use super::world::{World, decide};
use toolsmith::domain::{Command, CommentAnchor, CommentKind, DecisionKind, DecisionRequest};
use toolsmith::engine::ErrorCode;

#[test]
fn a_reason_or_comment_of_invisible_characters_only_is_none() {
    let world = World::new();
    let review = world.waiting().into_iter().find(|review| review.tool.as_str() == "fresh").unwrap();
    for unseen in ["\u{200b}", " \u{2063}\u{200d}\u{3164} ", "\u{e0041}\u{feff}"] {
        let reason = || Some(unseen.to_owned());
        let body = unseen.to_owned();
        let decided = |kind| match decide(&review, kind) {
            Command::Decide(request) => Command::Decide(DecisionRequest { reason: reason(), ..request }),
            other => other,
        };
        for command in [
            decided(DecisionKind::Reject),
            decided(DecisionKind::RequestChanges),
            decided(DecisionKind::Approve),
            Command::Comment { review: review.id, spot: CommentAnchor::default(), kind: CommentKind::Question, body },
            Command::verb("deprecate", &[("tool", "fresh"), ("reason", unseen)]),
            Command::verb("archive", &[("tool", "fresh"), ("reason", unseen)]),
            Command::verb("rollback", &[("tool", "known"), ("reason", unseen)]),
        ] {
            let said = format!("{command:?}");
            let error = world.execute(command).expect_err(&said);
            assert_eq!(error.code, ErrorCode::Usage, "{said}: {error:?}");
        }
    }
    world.execute(decide(&review, DecisionKind::Reject)).unwrap();
}
