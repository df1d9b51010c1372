-- Edits and recalls: entries of a room's log (`messages.entry` is 'edited' or 'recalled') that also change
-- the message that they name.

alter table messages
    -- Of an edit or a recall: the message that it changes.
    add column target_id   uuid,
    add column target_seq  bigint,
    -- Of a message: when its content was last changed, and when it was taken back.
    add column edited_at   timestamptz,
    add column recalled_at timestamptz;

-- A recall empties the edits that came before it.
create index messages_target on messages (target_id) where target_id is not null;
