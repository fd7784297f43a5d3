//! The intermediate form: a unit of core forms with closures converted. Both engine tiers start here.
//!
//! It is the unit itself with what is known of it beside it, nothing rewritten:
//!
//! * every variable's **home**: the procedure in whose frame it lives. A named `let` whose name is only ever called in tail position is a
//!   **loop**: its parameters live in the frame around it and calling it is a jump;
//! * every procedure's **captures**, in order; a procedure that refers to itself by the name that `letrec` gave it finds itself in its frame;
//! * which variables need a **cell**: those that `set!` changes, and those of a `letrec` that could be read before they have a value;
//! * the **price** of every straight-line piece: each node costs 1, but sequences, `let`s, `letrec`s and loops 0; a closure also 1 for every 4
//!   captures. A piece is charged where it begins. The arms of an `if` begin pieces (and pay for the `if` itself), and so does any part of a
//!   sequence, binding form or call before which more than [`PIECE_PRICE_MAX`] have gathered: so what is paid for in advance, and what a continuation
//!   that is taken up again gets for nothing, is little. Entering a procedure, or going round a loop, charges 1 and the first piece of the body.
//!   Out of fuel is noticed at procedure entries, jumps back and in builtins.
//!
//! Fuel, frame sizes and what is live follow from this form alone.

use crate::core::{LambdaId, Node, NodeId, Unit, VariableId};
use std::collections::BTreeSet;

/// The procedure number of the unit's own top level.
pub const TOP: u32 = u32::MAX;
const NONE: u32 = u32::MAX;
/// A piece of straight-line code that costs more than this is charged in several parts.
pub const PIECE_PRICE_MAX: u32 = 32;

/// What is known about a unit; see the module's description.
#[derive(Debug)]
pub struct Analysis {
    /// For each variable, the procedure whose frame holds it.
    pub home: Vec<u32>,
    /// For each variable, whether it lives in a cell.
    pub celled: Vec<bool>,
    /// For each lambda, the variables it captures, in order of first use.
    pub captures: Vec<Vec<VariableId>>,
    /// For each variable, the lambda that `letrec` binds to it for good, if any.
    pub names_lambda: Vec<Option<LambdaId>>,
    /// For each lambda, the `letrec` node it is a loop of, if it is one.
    pub loop_of: Vec<Option<NodeId>>,
    /// For each node, the price of its first piece: what it costs to begin evaluating it.
    pub price: Vec<u32>,
    /// For each node, the price of the piece that begins with it inside its parent; 0 when none does.
    pub charge: Vec<u32>,
    /// The same for each node's own work, which comes after its parts.
    pub own_charge: Vec<u32>,
    /// For each lambda, the procedure around it (loops counted to what is around them).
    pub outer: Vec<u32>,
}

/// What a piece of straight-line code begins with.
#[derive(Clone, Copy)]
enum Begin {
    Part(NodeId),
    Own(NodeId),
}

/// The pieces of a node's parts while they are gathered.
struct Pieces {
    first: u32,
    gathered: u32,
    /// What the piece being gathered begins with; `None` for the first.
    begin: Option<Begin>,
}

impl Pieces {
    /// Adds a part. When a new piece begins with it, gives the one before, unless that was the first.
    fn add(&mut self, part: Begin, price: u32) -> Option<(Begin, u32)> {
        if self.gathered == 0 || self.gathered.saturating_add(price) <= PIECE_PRICE_MAX {
            self.gathered = self.gathered.saturating_add(price);
            return None;
        }
        let ended = (
            self.begin.replace(part),
            std::mem::replace(&mut self.gathered, price),
        );
        match ended {
            (Some(begin), price) => Some((begin, price)),
            (None, price) => {
                self.first = price;
                None
            }
        }
    }
}

/// What is known of one node's surroundings during the analysis.
struct Walk {
    /// `NONE` for the body of a lambda and for the root.
    parent: Vec<NodeId>,
    /// The outermost node that this one stands in tail position of, within one lambda.
    tail_root: Vec<NodeId>,
    /// Preorder number and the end of the subtree's preorder numbers.
    begin: Vec<u32>,
    end: Vec<u32>,
    /// The innermost lambda around the node.
    inside: Vec<u32>,
    uses: Vec<Vec<NodeId>>,
    sets: Vec<Vec<NodeId>>,
    lambda_node: Vec<NodeId>,
    binder: Vec<u32>,
    /// The frame that a lambda's body runs in, once it is known which are loops.
    frame: Vec<Option<u32>>,
}

impl Analysis {
    /// Analyses a unit. Linear in its size, but for the captures made: `pay` is asked before each, and stops the analysis.
    pub fn new(unit: &Unit, mut pay: impl FnMut() -> bool) -> Option<Analysis> {
        let mut walk = Walk::new(unit);
        let variables = unit.variables.len();
        let mut analysis = Analysis {
            home: vec![TOP; variables],
            celled: unit.variables.iter().map(|v| v.mutated).collect(),
            captures: vec![Vec::new(); unit.lambdas.len()],
            names_lambda: vec![None; variables],
            loop_of: vec![None; unit.lambdas.len()],
            price: Vec::new(),
            charge: vec![0; unit.nodes.len()],
            own_charge: vec![0; unit.nodes.len()],
            outer: vec![TOP; unit.lambdas.len()],
        };
        analysis.find_loops(unit, &walk);
        analysis.find_frames(&mut walk);
        analysis.find_homes(unit, &walk);
        analysis.find_cells(unit, &walk);
        analysis.find_captures(unit, &walk, &mut pay)?;
        analysis.find_prices(unit);
        Some(analysis)
    }

    /// Finds for each lambda the frame that a node inside runs in: the nearest procedure that is not a loop.
    fn find_frames(&self, walk: &mut Walk) {
        let mut on_the_way = Vec::new();
        for lambda in 0..self.loop_of.len() as u32 {
            let mut frame = lambda;
            while frame != TOP {
                if let Some(known) = walk.frame[frame as usize] {
                    frame = known;
                    break;
                }
                on_the_way.push(frame);
                match self.loop_of[frame as usize] {
                    Some(letrec) => frame = walk.inside[letrec as usize],
                    None => break,
                }
            }
            for passed in on_the_way.drain(..) {
                walk.frame[passed as usize] = Some(frame);
            }
        }
    }

    /// Inner loops come first, since a loop's name may be called from a loop inside its body.
    fn find_loops(&mut self, unit: &Unit, walk: &Walk) {
        let mut tops = vec![NONE; unit.nodes.len()];
        for (id, node) in unit.nodes.iter().enumerate() {
            let Node::Letrec(bindings, body) = node else {
                continue;
            };
            let [(variable, init)] = bindings[..] else {
                continue;
            };
            let Node::Lambda(lambda) = unit.nodes[init as usize] else {
                continue;
            };
            let Node::Call(operator, _) = unit.nodes[*body as usize] else {
                continue;
            };
            let is_entry = matches!(unit.nodes[operator as usize], Node::Local(v) if v == variable);
            let info = &unit.lambdas[lambda as usize];
            if !is_entry
                || info.rest.is_some()
                || info.tests.is_some()
                || unit.variables[variable as usize].mutated
            {
                continue;
            }
            let is_loop = walk.uses[variable as usize].iter().all(|&used| {
                let call = walk.parent[used as usize];
                // The whole body of a procedure stands in nothing.
                let arity_holds = match unit.nodes.get(call as usize) {
                    Some(Node::Call(f, operands)) => {
                        *f == used && operands.len() == info.parameters.len()
                    }
                    _ => false,
                };
                arity_holds && (call == *body || self.top_of(walk, &mut tops, call) == info.body)
            });
            if is_loop {
                self.loop_of[lambda as usize] = Some(id as NodeId);
            }
        }
    }

    /// The node that another stands in tail position of, seen through the loops known so far, whose bodies continue what they stand in.
    /// Among `tops` is for a body how far it was seen before: loops are only added.
    fn top_of(&self, walk: &Walk, tops: &mut [NodeId], node: NodeId) -> NodeId {
        let mut root = walk.tail_root[node as usize];
        let mut on_the_way = Vec::new();
        loop {
            let mut next = tops[root as usize];
            if next == NONE {
                match self.loop_of.get(walk.inside[root as usize] as usize) {
                    Some(&Some(letrec)) if walk.parent[root as usize] == NONE => {
                        next = walk.tail_root[letrec as usize];
                    }
                    _ => break,
                }
            }
            on_the_way.push(root);
            root = next;
        }
        for passed in on_the_way {
            tops[passed as usize] = root;
        }
        root
    }

    fn find_homes(&mut self, unit: &Unit, walk: &Walk) {
        for variable in 0..unit.variables.len() {
            self.home[variable] = walk.frame_of(walk.binder[variable]);
        }
        for lambda in 0..unit.lambdas.len() {
            let node = walk.lambda_node[lambda];
            let around = if node == NONE {
                TOP
            } else {
                walk.inside[node as usize]
            };
            self.outer[lambda] = walk.frame_of(around);
        }
    }

    /// A variable of a `letrec` needs a cell if an initialiser could run before it has its value and refers to it.
    fn find_cells(&mut self, unit: &Unit, walk: &Walk) {
        for node in &unit.nodes {
            let Node::Letrec(bindings, _) = node else {
                continue;
            };
            let mut group_start = 0;
            for (place, &(variable, init)) in bindings.iter().enumerate() {
                let lambda = lambda_at(unit, init);
                if lambda.is_none() {
                    group_start = place + 1;
                }
                let first_safe = if lambda.is_some() {
                    group_start
                } else {
                    place + 1
                };
                let early = first_safe > 0
                    && walk.uses[variable as usize]
                        .iter()
                        .any(|&used| walk.within(bindings[0].1, bindings[first_safe - 1].1, used));
                let v = variable as usize;
                self.celled[v] |= early;
                if !self.celled[v] {
                    self.names_lambda[v] = lambda;
                }
            }
        }
    }

    fn find_captures(
        &mut self,
        unit: &Unit,
        walk: &Walk,
        pay: &mut impl FnMut() -> bool,
    ) -> Option<()> {
        let mut seen = BTreeSet::new();
        for variable in 0..unit.variables.len() {
            let is_loop_name =
                self.names_lambda[variable].is_some_and(|l| self.loop_of[l as usize].is_some());
            if is_loop_name {
                continue;
            }
            for &node in walk.uses[variable].iter().chain(&walk.sets[variable]) {
                self.capture(
                    walk,
                    variable as VariableId,
                    walk.inside[node as usize],
                    &mut seen,
                    pay,
                )?;
            }
        }
        for lambda in 0..unit.lambdas.len() {
            if let Some(tests) = unit.lambdas[lambda].tests {
                self.capture(walk, tests, lambda as u32, &mut seen, pay)?;
            }
        }
        Some(())
    }

    fn capture(
        &mut self,
        walk: &Walk,
        variable: VariableId,
        from: u32,
        seen: &mut BTreeSet<(u32, VariableId)>,
        pay: &mut impl FnMut() -> bool,
    ) -> Option<()> {
        let home = self.home[variable as usize];
        let mut frame = walk.frame_of(from);
        while frame != home {
            if self.names_lambda[variable as usize] == Some(frame)
                || !seen.insert((frame, variable))
            {
                return Some(());
            }
            if !pay() {
                return None;
            }
            self.captures[frame as usize].push(variable);
            frame = self.outer[frame as usize];
        }
        Some(())
    }

    fn find_prices(&mut self, unit: &Unit) {
        self.price = Vec::with_capacity(unit.nodes.len());
        for (id, node) in unit.nodes.iter().enumerate() {
            let first_piece = match node {
                Node::Constant(_) | Node::Local(_) | Node::Global(_) => 1,
                Node::Lambda(lambda) => self.closure_price(*lambda),
                Node::CaseLambda(lambdas) => lambdas
                    .iter()
                    .map(|l| self.closure_price(*l))
                    .fold(1, u32::saturating_add),
                Node::If(test, _, _) => self.price[*test as usize],
                _ => self.divide(unit, id as NodeId),
            };
            self.price.push(first_piece);
        }
    }

    /// Divides what a node with parts costs into pieces; gives the price of the first.
    fn divide(&mut self, unit: &Unit, node: NodeId) -> u32 {
        let mut pieces = Pieces {
            first: 0,
            gathered: 0,
            begin: None,
        };
        // The closure of a loop is never made.
        let is_loop = |analysis: &Analysis, e: NodeId| {
            lambda_at(unit, e).is_some_and(|l| analysis.loop_of[l as usize].is_some())
        };
        let mut own = 0;
        children(unit, node, |part, _, _| {
            let price =
                if is_loop(self, part) && matches!(unit.nodes[node as usize], Node::Letrec(..)) {
                    0
                } else {
                    self.price[part as usize]
                };
            if let Some((begin, price)) = pieces.add(Begin::Part(part), price) {
                self.set_charge(begin, price);
            }
        });
        if !matches!(
            unit.nodes[node as usize],
            Node::Sequence(_) | Node::Let(..) | Node::Letrec(..)
        ) {
            own = 1;
        }
        if let Some((begin, price)) = pieces.add(Begin::Own(node), own) {
            self.set_charge(begin, price);
        }
        match pieces.begin {
            None => pieces.gathered,
            Some(begin) => {
                self.set_charge(begin, pieces.gathered);
                pieces.first
            }
        }
    }

    fn set_charge(&mut self, begin: Begin, price: u32) {
        match begin {
            Begin::Part(node) => self.charge[node as usize] = price,
            Begin::Own(node) => self.own_charge[node as usize] = price,
        }
    }

    /// What an arm of an `if` costs to begin, the `if` included.
    pub fn arm_price(&self, arm: NodeId) -> u32 {
        self.price[arm as usize].saturating_add(1)
    }

    fn closure_price(&self, lambda: LambdaId) -> u32 {
        1 + (self.captures[lambda as usize].len() / 4) as u32
    }

    /// What entering a procedure, or going round a loop, costs.
    pub fn body_price(&self, unit: &Unit, lambda: LambdaId) -> u32 {
        self.price[unit.lambdas[lambda as usize].body as usize].saturating_add(1)
    }
}

/// The lambda that an initialiser is. (A `case-lambda` counts as any other expression.)
fn lambda_at(unit: &Unit, init: NodeId) -> Option<LambdaId> {
    match unit.nodes.get(init as usize) {
        Some(Node::Lambda(lambda)) => Some(*lambda),
        _ => None,
    }
}

impl Walk {
    fn new(unit: &Unit) -> Walk {
        let nodes = unit.nodes.len();
        let mut walk = Walk {
            parent: vec![NONE; nodes],
            tail_root: vec![NONE; nodes],
            begin: vec![0; nodes],
            end: vec![0; nodes],
            inside: vec![TOP; nodes],
            uses: vec![Vec::new(); unit.variables.len()],
            sets: vec![Vec::new(); unit.variables.len()],
            lambda_node: vec![NONE; unit.lambdas.len()],
            binder: vec![TOP; unit.variables.len()],
            frame: vec![None; unit.lambdas.len()],
        };
        if nodes > 0 {
            walk.visit(unit, nodes as NodeId - 1);
        }
        walk
    }

    /// The frame that a node inside `lambda` runs in.
    fn frame_of(&self, lambda: u32) -> u32 {
        let known = self.frame.get(lambda as usize).copied().flatten();
        known.unwrap_or(lambda)
    }

    /// Visits the whole tree from its root with a stack of its own; an entry is a node to begin or, marked, one to end.
    fn visit(&mut self, unit: &Unit, root: NodeId) {
        let mut counter = 0;
        self.tail_root[root as usize] = root;
        let mut stack = vec![(root, false)];
        while let Some((id, ended)) = stack.pop() {
            if ended {
                self.end[id as usize] = counter;
                continue;
            }
            self.begin[id as usize] = counter;
            counter += 1;
            stack.push((id, true));
            let lambda = self.inside[id as usize];
            self.note(unit, id, lambda);
            let first_child = stack.len();
            children(unit, id, |child, tail, body_of| {
                self.parent[child as usize] = if body_of.is_some() { NONE } else { id };
                self.tail_root[child as usize] = if tail {
                    self.tail_root[id as usize]
                } else {
                    child
                };
                self.inside[child as usize] = body_of.unwrap_or(lambda);
                stack.push((child, false));
            });
            stack[first_child..].reverse();
        }
    }

    fn note(&mut self, unit: &Unit, id: NodeId, lambda: u32) {
        match &unit.nodes[id as usize] {
            Node::Local(v) => self.uses[*v as usize].push(id),
            Node::SetLocal(v, _) => self.sets[*v as usize].push(id),
            Node::Let(bindings, _) | Node::Letrec(bindings, _) => {
                for (v, _) in bindings {
                    self.binder[*v as usize] = lambda;
                }
            }
            Node::Lambda(l) => self.note_lambda(unit, id, *l),
            Node::CaseLambda(ls) => ls.iter().for_each(|l| self.note_lambda(unit, id, *l)),
            _ => {}
        }
    }

    fn note_lambda(&mut self, unit: &Unit, id: NodeId, lambda: LambdaId) {
        self.lambda_node[lambda as usize] = id;
        let info = &unit.lambdas[lambda as usize];
        for v in info.parameters.iter().chain(&info.rest) {
            self.binder[*v as usize] = lambda;
        }
    }

    /// Whether `node` lies in the subtrees of a run of siblings, from `first` to `last`.
    fn within(&self, first: NodeId, last: NodeId, node: NodeId) -> bool {
        let at = self.begin[node as usize];
        self.begin[first as usize] <= at && at < self.end[last as usize]
    }
}

/// Calls `f(child, in tail position, the lambda whose body it is)` for each child in the order of evaluation.
fn children(unit: &Unit, id: NodeId, mut f: impl FnMut(NodeId, bool, Option<LambdaId>)) {
    match &unit.nodes[id as usize] {
        Node::Constant(_) | Node::Local(_) | Node::Global(_) => {}
        Node::SetLocal(_, e) | Node::SetGlobal(_, e) | Node::DefineGlobal(_, e) => {
            f(*e, false, None)
        }
        Node::If(test, then, otherwise) => {
            f(*test, false, None);
            f(*then, true, None);
            f(*otherwise, true, None);
        }
        Node::Lambda(l) => f(unit.lambdas[*l as usize].body, false, Some(*l)),
        Node::CaseLambda(ls) => ls
            .iter()
            .for_each(|l| f(unit.lambdas[*l as usize].body, false, Some(*l))),
        Node::Sequence(parts) => {
            for (place, part) in parts.iter().enumerate() {
                f(*part, place + 1 == parts.len(), None);
            }
        }
        Node::Call(operator, operands) => {
            f(*operator, false, None);
            operands.iter().for_each(|o| f(*o, false, None));
        }
        Node::Let(bindings, body) | Node::Letrec(bindings, body) => {
            bindings.iter().for_each(|(_, e)| f(*e, false, None));
            f(*body, true, None);
        }
    }
}
