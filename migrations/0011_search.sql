-- What messages are found by: the pieces that Hark cuts their content into (`shared::search`), and '#' with
-- the id of the room, which no piece looks like. Asking for both together reads what is common to the two
-- lists, so that a frequent word costs no more than its uses in the rooms of whoever asks. Null for what is
-- not found: edits, recalls, what was recalled, and content without a word.

alter table messages add column pieces tsvector;
create index messages_pieces on messages using gin (pieces) where pieces is not null;
