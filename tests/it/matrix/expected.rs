//! Who may do what, written down apart from the code that decides it.

use shared::model::{Role, RoomType};

/// Somebody's place in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Outsider,
    Member,
    RoomAdmin,
    Owner,
    /// Was in it and was taken out.
    Former,
    /// Was in it, was taken out and may not come back.
    Banned,
}

/// One place in the matrix but for the action.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub role: Role,
    pub standing: Standing,
    pub kind: RoomType,
}

/// What an action takes.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    Anyone,
    /// May see that the room is there, and its name.
    View,
    /// May see every room.
    Oversee,
    Inside,
    Join,
    Leave,
    RecallOthers,
    Admins,
    Ban,
    Owner,
    Nobody,
}

const ROLES: [Role; 5] = [Role::User, Role::Visitor, Role::Staff, Role::Service, Role::Admin];
const KINDS: [RoomType; 4] = [RoomType::Direct, RoomType::Group, RoomType::Public, RoomType::Support];
const STANDINGS: [Standing; 6] = [
    Standing::Outsider,
    Standing::Member,
    Standing::RoomAdmin,
    Standing::Owner,
    Standing::Former,
    Standing::Banned,
];

/// Every place that there can be: visitors come into the rooms of their sessions alone.
pub fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for role in ROLES {
        for kind in KINDS {
            // The two of a direct room are plain members for good.
            let some = if kind == RoomType::Direct { &STANDINGS[..2] } else { &STANDINGS[..] };
            let some =
                if role == Role::Visitor && kind != RoomType::Support { &STANDINGS[..1] } else { some };
            places.extend(some.iter().map(|&standing| Place { role, standing, kind }));
        }
    }
    places
}

impl Place {
    pub fn is_inside(self) -> bool {
        matches!(self.standing, Standing::Member | Standing::RoomAdmin | Standing::Owner)
    }

    /// Whether they may know what the room is called.
    pub fn knows_name(self) -> bool {
        self.is_inside() || self.may(Rule::View) || self.kind == RoomType::Public
    }

    fn leads(self) -> bool {
        matches!(self.standing, Standing::RoomAdmin | Standing::Owner)
    }

    pub fn may(self, rule: Rule) -> bool {
        let oversees = matches!(self.role, Role::Staff | Role::Admin);
        let open = self.kind == RoomType::Public && self.role != Role::Visitor;
        let fixed = matches!(self.kind, RoomType::Direct | RoomType::Support);
        match rule {
            Rule::Anyone => true,
            Rule::Oversee => oversees,
            Rule::View => self.is_inside() || open || (oversees && self.kind != RoomType::Direct),
            Rule::Inside => self.is_inside(),
            Rule::Join if self.role == Role::Visitor => false,
            Rule::Join => self.is_inside() || (open && self.standing != Standing::Banned),
            Rule::Leave => self.is_inside() && !fixed,
            Rule::RecallOthers => self.leads(),
            Rule::Admins => self.leads() && !fixed,
            // Who manages users does it in any room that can be left.
            Rule::Ban if self.role == Role::Admin => self.kind != RoomType::Direct,
            Rule::Ban => self.leads() && !fixed,
            Rule::Owner => self.standing == Standing::Owner && !fixed,
            Rule::Nobody => false,
        }
    }
}
