/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sd_notify(3), for units with Type=notify. Does nothing without NOTIFY_SOCKET. For the process
 * that systemd started; it opens a datagram socket at each call.
 */
#pragma once

void sd_notify__ready(void);	 /* also after reloading */
void sd_notify__reloading(void); /* with the time, for Type=notify-reload */
void sd_notify__stopping(void);
/*
 * Pings the watchdog of units with WatchdogSec=. Call it often, also during work that takes long:
 * it sends at most four pings in that time.
 */
void sd_notify__alive(void);
