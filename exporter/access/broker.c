/* SPDX-License-Identifier: GPL-2.0-only */
#include "access/broker.h"

#include <errno.h>

#include "base/log.h"

/* Once. */
static int take_first(struct web_broker *b, struct buf *out)
{
	buf__append(out, b->first.data, b->first.len);
	buf__free_secret(&b->first);
	return out->failed ? -ENOMEM : 0;
}

int web_broker__look(void *broker, struct buf *out)
{
	struct web_broker *b = broker;
	int status = 0, err;

	if (b->error)
		return b->error;
	if (b->first.len)
		return b->error = take_first(b, out);
	/* Only the first request waits for a busy attacher. */
	err = channel__settle(&b->channel, 0, &status, out);
	if (!err)
		err = channel__call(&b->channel, CHANNEL_WEB, b->patience, &status, out);
	if (err == -ETIMEDOUT) {
		log_debug("the attacher is busy: using the last web configuration");
		return 0;
	}
	b->error = err ? err : status;
	return b->error;
}

int web_broker__answer(struct channel_peer *p, struct web_files *f, uint64_t *known)
{
	__cleanup_secret struct buf texts = {};
	struct channel_request request;
	int err = channel__receive(p, &request);

	if (!err && request.op != CHANNEL_WEB)
		err = -EPROTO;
	if (!err)
		err = web_files__update(f, known, &texts);
	return err ? err : channel__answer(p, &request, 0, texts.data, texts.len);
}
