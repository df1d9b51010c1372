use shared::Error;
use shared::app::App;
use shared::chat::typing;
use shared::frames::Typing;
use shared::socket::Origin;

use crate::admit;

/// `typing`: the sender is typing, or stopped. Answered only when it is refused.
pub(crate) async fn typing(app: &App, origin: &Origin, frame: &Typing) -> Result<(), Error> {
    admit(app, origin).await?;
    typing::typing(app, &origin.caller, frame).await
}
