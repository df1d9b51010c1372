-- Messages $2 that user $1 may see, newest first; none that was recalled.
select
    m.id, m.room_id, m.seq, m.sender_id, u.nickname as sender_name, m.kind, m.content, m.reply_to,
    m.metadata, m.created_at, m.edited_at, m.recalled_at
from messages m
join rooms r on r.id = m.room_id
join room_members s on s.room_id = m.room_id and s.user_id = $1::bigint
join users u on u.id = m.sender_id
where m.id = any($2::uuid[])
    and m.entry = 'message'
    and m.recalled_at is null
    and (r.history_before_joining or m.seq > s.joined_seq)
order by m.created_at desc, m.id desc
