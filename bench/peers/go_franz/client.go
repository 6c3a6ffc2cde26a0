package main

import "strings"

// client is what a crude look at the user agent tells: a handful of substrings, no list of regexes.
type client struct {
	userAgent, browser, os, device string
	bot                            byte
}

var browsers = [][2]string{
	{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"CriOS/", "Chrome Mobile iOS"},
	{"FxiOS/", "Firefox iOS"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
}

var systems = [][2]string{
	{"Windows", "Windows"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"Android", "Android"},
	{"Mac OS X", "Mac OS X"}, {"Linux", "Linux"},
}

func sniffed(userAgent string) client {
	found := client{userAgent: userAgent, device: "desktop"}
	found.browser = firstOf(browsers, userAgent)
	found.os = firstOf(systems, userAgent)
	if strings.Contains(userAgent, "Mobile") || found.os == "Android" {
		found.device = "mobile"
	}
	lower := strings.ToLower(userAgent)
	if strings.Contains(lower, "bot") || strings.Contains(lower, "crawl") || strings.Contains(lower, "spider") {
		found.bot, found.device = 1, "bot"
	}
	return found
}

func firstOf(marks [][2]string, userAgent string) string {
	for _, mark := range marks {
		if strings.Contains(userAgent, mark[0]) {
			return mark[1]
		}
	}
	return "unknown"
}
