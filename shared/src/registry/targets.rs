use crate::model::ServiceInstance;
use crate::names::ServiceName;
use crate::ports::{StoreError, Target};
use crate::webhook::SigningSecret;

/// A service beside one of its instances, as a store joins them.
pub struct TargetRow {
    pub service: String,
    pub secret: String,
    /// While it is valid.
    pub old_secret: Option<String>,
    pub instance: Option<ServiceInstance>,
}

/// Rows of the same service stand together.
///
/// # Errors
/// `Internal` for a name or a secret that doesn't read.
pub fn gathered(
    rows: impl Iterator<Item = Result<TargetRow, StoreError>>,
) -> Result<Vec<Target>, StoreError> {
    let mut targets: Vec<Target> = Vec::new();
    for row in rows {
        let row = row?;
        match targets.last_mut() {
            Some(target) if target.service.as_str() == row.service => target.instances.extend(row.instance),
            _ => targets.push(row.target()?),
        }
    }
    Ok(targets)
}

impl TargetRow {
    fn target(self) -> Result<Target, StoreError> {
        let secrets = [Some(self.secret), self.old_secret].into_iter().flatten();
        Ok(Target {
            service: ServiceName::parse(&self.service).map_err(StoreError::Internal)?,
            secrets: secrets
                .map(|secret| SigningSecret::parse(&secret).map_err(StoreError::Internal))
                .collect::<Result<_, _>>()?,
            instances: self.instance.into_iter().collect(),
        })
    }
}
