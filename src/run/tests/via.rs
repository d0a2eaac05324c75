//! A run through the ledger's gate, against the pretended server.

use super::*;

#[test]
fn a_plan_via_the_gate_is_the_same_way_with_the_gates_calls() {
    let mut desk = Desk::new();
    desk.plan.via = Some(Via::Gate);
    let sealed = desk.sealed();
    let mut server = Server::new(desk.plan.clone());
    let mut machine = Machine::rehearse(sealed.clone(), None, true);
    let (mut event, mut sent) = (Event::Start, Vec::new());
    let finished = loop {
        let step = machine.on(event);
        match &step {
            Step::Done(finished) => break finished.clone(),
            Step::Send { sql, purpose } if sql.contains("countersign.gate_") => {
                sent.push((format!("{purpose:?}"), sql.clone()));
            }
            _ => {}
        }
        // Who connects is the gate's affair: any login may ask.
        event = match server.answer(&step) {
            Event::Connected { mut target, pid, backend_start, acts_as, blind } => {
                target.role = "somebody".to_owned();
                Event::Connected { target, pid, backend_start, acts_as, blind }
            }
            event => event,
        };
    };
    assert_eq!(finished.trace.statements[0].tag, "DELETE 4", "{:?}", finished.failure);
    assert_eq!(finished.failure, None);
    let (purposes, texts): (Vec<String>, Vec<String>) = sent.into_iter().unzip();
    assert_eq!(purposes, ["OpenGate", "Statement { stage: 0, statement: 0 }", "Constraints"]);
    assert_eq!(texts[0], format!("SELECT countersign.gate_rehearse('{}', 0)", sealed.text().replace('\'', "''")));
    assert!(!texts[1].contains(&desk.plan.stages[0].statements[0].sql), "{}", texts[1]);
    assert!(!server.log.contains(&"LockTables".to_owned()), "the gate locks");
    assert!(server.log.iter().any(|step| step == "ROLLBACK") && !server.log.iter().any(|step| step == "COMMIT"));
}
