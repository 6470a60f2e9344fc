// SPDX-License-Identifier: MIT
/* octet compare --html: one file that shows everything, and needs nothing else. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_html.h"

void html_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (ch == '&')
			fputs("&amp;", f);
		else if (ch == '<')
			fputs("&lt;", f);
		else if (ch == '>')
			fputs("&gt;", f);
		else if (ch == '"')
			fputs("&quot;", f);
		else if (ch == '\'')
			fputs("&#39;", f);
		else
			fputc(ch < 0x20 || ch > 0x7e ? '?' : ch, f);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "1 067 648": groups of three, by spaces that do not break. */
static void grouped(FILE *f, long long n)
{
	char text[32];
	size_t length = (size_t)snprintf(text, sizeof(text), "%lld", n);

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			fputs("&#8239;", f);
		fputc(text[i], f);
	}
}

/* Two bars, the longer one full. */
static void pair(FILE *f, double before, double after, const char *unit, int digits)
{
	double most = fmax(before, after);

	for (int now = 0; now < 2; now++) {
		double v = now ? after : before;

		fprintf(f, "%s<span>%s</span><i%s><i style=\"width:%.1f%%\"></i></i><b>", now ? "" :
			"<div class=\"pair\">", now ? "after" : "before", now ? " class=\"now\"" : "",
			most > 0 ? 100 * v / most : 0);
		if (digits)
			fprintf(f, "%.*f", digits, v);
		else
			grouped(f, (long long)v);
		fprintf(f, "%s</b>", unit);
	}
	fputs("</div>", f);
}

static void size_card(FILE *f, const struct compare *c)
{
	double before = (double)(c->ref.bytes + c->ref.packed);

	fprintf(f, "<div class=\"card\"><p class=\"label\">Size</p><p class=\"big\">%.2f&times;</p>"
		   "<small>smaller%s</small>", c->got.bytes ? before / (double)c->got.bytes : 0,
		c->ref.packed ? " than with float32 weights" : "");
	pair(f, before, (double)c->got.bytes, " B", 0);
	if (c->ref.packed) {
		fputs("<small>the file before has packed weights: ", f);
		grouped(f, c->ref.bytes);
		fputs(" B</small>", f);
	}
	fputs("</div>\n", f);
}

static void speed_card(FILE *f, const struct compare *c)
{
	fprintf(f, "<div class=\"card\"><p class=\"label\">Speed</p><p class=\"big\">%.2f&times;</p>"
		   "<small>times the speed before, on %s</small>",
		c->got.ms > 0 ? c->ref.ms / c->got.ms : 0, c->got.where);
	pair(f, c->ref.ms, c->got.ms, " ms", 3);
	if (c->got.cycles) {
		fputs("<small>", f);
		grouped(f, (long long)c->got.cycles);
		fputs(" cycles predicted for the device</small>", f);
	}
	fputs("</div>\n", f);
}

static void accuracy_card(FILE *f, const struct compare *c)
{
	double n = (double)c->sets.used;
	double before = 100 * (double)c->ref.right / n, after = 100 * (double)c->got.right / n;

	if (!c->classes)
		return;
	fputs("<div class=\"card\">", f);
	if (c->class) {
		fprintf(f, "<p class=\"label\">Accuracy</p><p class=\"big\">%.2f&#8239;%%</p>"
			   "<small>%+.2f points; the same output is the largest in %lu of %lu</small>",
			after, after - before, c->agree, c->sets.used);
		pair(f, before, after, "&#8239;%", 2);
	} else {
		fprintf(f, "<p class=\"label\">Agreement</p><p class=\"big\">%.1f&#8239;%%</p><small>the "
			   "same output is the largest in %lu of %lu samples</small>",
			100 * (double)c->agree / n, c->agree, c->sets.used);
	}
	fputs("</div>\n", f);
}

static void decibels(FILE *f, const struct compare_stats *s)
{
	double db = compare_sqnr(s);

	if (!s->count)
		fputs("&ndash;", f);
	else if (isinf(db) && db > 0)
		fputs("exact", f);
	else
		fprintf(f, "%.1f", db);
}

static void quality_card(FILE *f, const struct compare *c, const struct compare_layer *worst)
{
	const struct compare_layer *last = &c->layer[c->layers - 1];
	char name[33];

	fprintf(f, "<div class=\"card\"><p class=\"label\">SQNR of the result</p>"
		   "<p class=\"big %s\">", html_grade(compare_sqnr(&last->accumulated)));
	decibels(f, &last->accumulated);
	fprintf(f, " dB</p><small>cosine %.5f, largest error %.3g</small>",
		compare_cosine(&last->accumulated), last->accumulated.largest);
	fputs("<small style=\"margin-top:10px\">lowest of all layers: <b>", f);
	decibels(f, &worst->accumulated);
	fputs(" dB</b>, ", f);
	html_text(f, compare_short(worst->name, name, sizeof(name)));
	fputs("</small></div>\n", f);
}

static void head(FILE *f, const struct compare *c)
{
	fputs("<!doctype html>\n"
	      "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>", f);
	html_text(f, base_name(c->got.path));
	fprintf(f, ": what quantization cost</title>\n<style>\n%s</style></head><body><main>\n",
		html_style);
	fputs("<h1>What quantization cost</h1>\n<p class=\"sub\"><b>", f);
	html_text(f, base_name(c->ref.path));
	fputs("</b> &rarr; <b>", f);
	html_text(f, base_name(c->got.path));
	fprintf(f, "</b>, %lu samples, %zu layers, flavour %s</p>\n", c->sets.used, c->layers,
		octet_flavour_name(c->o->flavour));
}

static void sqnr_section(FILE *f, const struct compare *c)
{
	fputs("<section><h2>Signal and error, layer by layer</h2>\n<p>SQNR: how much stronger the "
	      "float model's values are than the difference to them. 20 dB is a tenth, 40 dB a "
	      "hundredth. Errors add up on the way through the network; a layer that loses much by "
	      "itself is one to keep in float or to give a better range.</p>\n<div class=\"key\">"
	      "<span><i style=\"background:var(--all)\"></i>all of the model</span>"
	      "<span><i style=\"background:var(--fair)\"></i>below 20 dB</span>"
	      "<span><i style=\"background:var(--poor)\"></i>below 10 dB</span>", f);
	if (!c->o->no_isolated)
		fputs("<span><i class=\"dot\" style=\"background:var(--alone)\"></i>this layer alone, on "
		      "the float model&#39;s values</span>", f);
	fputs("</div>\n", f);
	fputs("<div class=\"scroll\"><div class=\"chart\">\n", f);
	html_sqnr_chart(f, c);
	fputs("</div></div></section>\n", f);
}

/* An end that is nothing beside the other is 0 to the reader. */
static void span_of(FILE *f, double low, double high)
{
	double least = 1e-6 * fmax(fabs(low), fabs(high));

	fprintf(f, "%.4g &hellip; %.4g", fabs(low) < least ? 0 : low, fabs(high) < least ? 0 : high);
}

static void table_row(FILE *f, const struct compare_layer *l)
{
	char name[41];

	fprintf(f, "<tr><td class=\"l\">%u</td><td class=\"l n\" title=\"", l->op);
	html_text(f, l->name);
	fputs("\">", f);
	html_text(f, compare_short(l->name, name, sizeof(name)));
	fputs("<small>", f);
	html_text(f, l->code);
	fputs("</small>", f);
	fprintf(f, "</td><td><b class=\"%s\">", html_grade(compare_sqnr(&l->accumulated)));
	decibels(f, &l->accumulated);
	fputs("</b></td><td>", f);
	decibels(f, &l->isolated);
	fprintf(f, "</td><td>%.5f</td><td>%.4g</td><td>%.3f</td>", compare_cosine(&l->accumulated),
		l->accumulated.largest, 100 * compare_saturated(&l->accumulated));
	fputs("<td>", f);
	span_of(f, l->histogram.min, l->histogram.max);
	fputs("</td><td>", f);
	if (l->coded) {
		span_of(f, l->low, l->high);
		fprintf(f, "<small>scale %.6g, zero point %d</small>", (double)l->scale,
			l->zero_point);
	} else {
		fputs("float", f);
	}
	fputs("</td></tr>\n", f);
}

static void table_section(FILE *f, const struct compare *c, const struct compare_layer **sorted)
{
	fputs("<section><h2>Layers, the worst first</h2>\n<p>SQNR in dB, of all of the model and of "
	      "this layer alone. Cut off: values that the range of the codes does not reach.</p>\n"
	      "<div class=\"scroll\"><table><tr><th class=\"l\">#</th><th class=\"l\">result</th>"
	      "<th>SQNR all</th><th>alone</th><th>cosine</th><th>largest error</th>"
	      "<th>cut off %</th><th>values</th><th>range of the codes</th></tr>\n", f);
	for (size_t i = 0; i < c->layers; i++)
		table_row(f, sorted[i]);
	fputs("</table></div></section>\n", f);
}

static void histogram_section(FILE *f, const struct compare *c)
{
	fputs("<section><h2>Values and ranges</h2>\n<p>The float model&#39;s values of each layer, "
	      "logarithmic upwards, and the range that the codes reach. A range that is much wider "
	      "than the values wastes codes; what is outside of it is cut off.</p>\n"
	      "<div class=\"key\"><span><i style=\"background:var(--bar)\"></i>values</span>"
	      "<span><i style=\"background:var(--band);border:1px solid var(--all)\"></i>range of the "
	      "codes</span><span><i style=\"background:var(--poor)\"></i>cut off</span></div>\n"
	      "<div class=\"grid\">\n", f);
	for (size_t i = 0; i < c->layers; i++) {
		const struct compare_layer *l = &c->layer[i];
		char name[49];

		if (!l->histogram.count)
			continue;
		fputs("<figure><figcaption title=\"", f);
		html_text(f, l->name);
		fprintf(f, "\">%u &nbsp;", l->op);
		html_text(f, compare_short(l->name, name, sizeof(name)));
		fputs(" <span>", f);
		html_text(f, l->code);
		fputs("</span></figcaption>\n", f);
		html_histogram(f, l);
		fputs("</figure>\n", f);
	}
	fputs("</div></section>\n", f);
}

static int write_page(FILE *f, const struct compare *c)
{
	const struct compare_layer **sorted = compare_sort(c);

	if (!sorted)
		return -ENOMEM;
	head(f, c);
	fputs("<div class=\"cards\">\n", f);
	size_card(f, c);
	accuracy_card(f, c);
	speed_card(f, c);
	quality_card(f, c, sorted[0]);
	fputs("</div>\n", f);
	sqnr_section(f, c);
	table_section(f, c, sorted);
	histogram_section(f, c);
	if (c->unmatched)
		fprintf(f, "<p class=\"dim\">%zu results have no counterpart in the float model and are "
			   "not shown.</p>\n", c->unmatched);
	fprintf(f, "<footer>octet %s, octet compare; before on %s, after on %s</footer>\n"
		   "</main></body></html>\n", octet_version(), c->ref.where, c->got.where);
	free(sorted);
	return 0;
}

int compare_html(const struct compare *c, const char *path)
{
	FILE *f = fopen(path, "w");
	int ret = f ? write_page(f, c) : -errno;

	if (f && (fflush(f) || ferror(f)) && !ret)
		ret = -errno;
	if (f && fclose(f) && !ret)
		ret = -errno;
	if (!ret)
		return EXIT_OK;
	fprintf(stderr, "octet: --html %s: %s\n", path, strerror(-ret));
	return EXIT_FAILED;
}
