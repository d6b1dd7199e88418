/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells systemd how the service is doing: sd_notify(3), for units with Type=notify. Does nothing
 * where nobody listens. Opens a datagram socket each time, so it needs socket(2) and sendto(2); it
 * is for the process that systemd started.
 */
#ifndef BASE_SD_NOTIFY_H
#define BASE_SD_NOTIFY_H

void sd_notify__ready(void);	 /* also when reloading is over */
void sd_notify__reloading(void); /* Type=notify-reload wants to know since when */
void sd_notify__stopping(void);
/*
 * For units with WatchdogSec=, which are killed when they are silent for that long. To be called
 * often, also in the midst of what takes long: it tells four times in that time at most.
 */
void sd_notify__alive(void);

#endif /* BASE_SD_NOTIFY_H */
