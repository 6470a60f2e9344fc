// SPDX-License-Identifier: MIT
/* The drawings of octet compare's page: SVG, coloured by the page's style. */
#include <math.h>
#include <string.h>

#include "report_html.h"

#define CHART_WIDTH 1060.0
#define CHART_LEFT 330.0
#define CHART_RIGHT 70.0
#define ROW 24.0

#define PLOT_WIDTH 320.0
#define PLOT_HEIGHT 120.0
#define PLOT_BASE 100.0
#define PLOT_BINS 80

const char *html_grade(double db)
{
	return db >= 20 ? "good" : db >= 10 ? "fair" : "poor";
}

/* The largest finite value of both, a multiple of 10. */
static double top_of(const struct compare *c)
{
	double top = 30;

	for (size_t i = 0; i < c->layers; i++) {
		double x = compare_sqnr(&c->layer[i].accumulated);
		double y = compare_sqnr(&c->layer[i].isolated);

		if (isfinite(x))
			top = fmax(top, x);
		if (c->layer[i].isolated.count && isfinite(y))
			top = fmax(top, y);
	}
	return ceil(top / 10) * 10;
}

static double place(double db, double top)
{
	double width = CHART_WIDTH - CHART_LEFT - CHART_RIGHT;

	if (!(db > 0))
		return 0;
	return width * fmin(db, top) / top;
}

static void axis(FILE *f, double top, double height)
{
	for (double db = 0; db <= top; db += 10) {
		double x = CHART_LEFT + place(db, top);

		fprintf(f, "<line class=\"g\" x1=\"%.1f\" x2=\"%.1f\" y1=\"22\" y2=\"%.1f\"/>"
			   "<text class=\"t\" x=\"%.1f\" y=\"14\" text-anchor=\"middle\">%.0f%s</text>\n",
			x, x, height, x, db, db >= top ? " dB" : "");
	}
}

static void value(FILE *f, double db)
{
	if (isinf(db) && db > 0)
		fputs("exact", f);
	else
		fprintf(f, "%.1f", db);
}

static void row(FILE *f, const struct compare_layer *l, double top, double y)
{
	double all = compare_sqnr(&l->accumulated), alone = compare_sqnr(&l->isolated);
	double end = CHART_LEFT + place(all, top);
	char name[41];

	fprintf(f, "<g><title>%u %s ", l->op, l->code);
	html_text(f, l->name);
	fputs(": all ", f);
	value(f, all);
	if (l->isolated.count) {
		fputs(" dB, alone ", f);
		value(f, alone);
	}
	fprintf(f, "</title><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", CHART_LEFT - 10, y + 15);
	html_text(f, compare_short(l->name, name, sizeof(name)));
	fprintf(f, "</text><text class=\"t\" x=\"0\" y=\"%.1f\">%u</text>", y + 15, l->op);
	fprintf(f, "<rect class=\"all %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" "
		   "rx=\"3\"/>", html_grade(all), CHART_LEFT, y + 4, fmax(place(all, top), 2),
		ROW - 8);
	if (l->isolated.count) {
		double at = CHART_LEFT + place(alone, top);

		fprintf(f, "<circle class=\"alone\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>", at, y + ROW / 2);
		/* The number stands behind what reaches farther, and not below the dot. */
		if (at > end - 6 && at < end + 46)
			end = at + 2;
	}
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\">", end + 7, y + 16);
	value(f, all);
	fputs("</text></g>\n", f);
}

void html_sqnr_chart(FILE *f, const struct compare *c)
{
	double top = top_of(c), height = 28 + ROW * (double)c->layers;

	fprintf(f, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"SQNR of each layer\">\n",
		CHART_WIDTH, height);
	axis(f, top, height);
	for (size_t i = 0; i < c->layers; i++)
		row(f, &c->layer[i], top, 24 + ROW * (double)i);
	fputs("</svg>\n", f);
}

/** struct view - what of the values a histogram shows, in its own bins */
struct view {
	double from, to, most;
	double bin[PLOT_BINS];
};

/* A fine bin may lie across the border of two of the picture's. */
static void spread(struct view *v, double a, double b, double count)
{
	double width = (v->to - v->from) / PLOT_BINS;

	for (int i = 0; i < PLOT_BINS; i++) {
		double lo = v->from + width * i, overlap = fmin(b, lo + width) - fmax(a, lo);

		if (overlap > 0)
			v->bin[i] += count * overlap / (b - a);
	}
}

static void look(struct view *v, const struct compare_layer *l)
{
	const struct compare_histogram *h = &l->histogram;
	double fine = 2 * h->reach / COMPARE_BINS, margin;

	memset(v, 0, sizeof(*v));
	v->from = l->coded ? fmin(h->min, l->low) : h->min;
	v->to = l->coded ? fmax(h->max, l->high) : h->max;
	margin = fmax((v->to - v->from) * 0.03, fine);
	v->from -= margin;
	v->to += margin;
	for (size_t i = 0; i < COMPARE_BINS; i++) {
		double a = -h->reach + fine * (double)i;

		if (h->bin[i])
			spread(v, a, a + fine, (double)h->bin[i]);
	}
	for (int i = 0; i < PLOT_BINS; i++)
		v->most = fmax(v->most, v->bin[i]);
}

static double across(const struct view *v, double x)
{
	return PLOT_WIDTH * (x - v->from) / (v->to - v->from);
}

/* Logarithmic: a tail of a few values is what one looks for. */
static void bars(FILE *f, const struct view *v, const struct compare_layer *l)
{
	double width = PLOT_WIDTH / PLOT_BINS;

	for (int i = 0; i < PLOT_BINS; i++) {
		double mid = v->from + (v->to - v->from) * (i + 0.5) / PLOT_BINS;
		double tall = (PLOT_BASE - 8) * log1p(v->bin[i]) / log1p(v->most);
		bool cut = l->coded && (mid < l->low - (double)l->scale ||
					mid > l->high + (double)l->scale);

		/* At least what the eye can see, for bins that have any value. */
		if (v->bin[i] > 0.01)
			fprintf(f, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
				   "height=\"%.2f\"/>", cut ? "cut" : "bar", width * i,
				PLOT_BASE - fmax(tall, 1), width - 0.6, fmax(tall, 1));
	}
	fputc('\n', f);
}

static void range_of(FILE *f, const struct view *v, const struct compare_layer *l)
{
	double x0 = across(v, l->low), x1 = across(v, l->high);

	fprintf(f, "<rect class=\"band\" x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"%.0f\"/>\n", x0,
		x1 - x0, PLOT_BASE);
}

static void edges_of(FILE *f, const struct view *v, const struct compare_layer *l)
{
	double x0 = across(v, l->low), x1 = across(v, l->high);

	fprintf(f, "<line class=\"edge\" x1=\"%.2f\" x2=\"%.2f\" y1=\"0\" y2=\"%.0f\"/>"
		   "<line class=\"edge\" x1=\"%.2f\" x2=\"%.2f\" y1=\"0\" y2=\"%.0f\"/>\n",
		x0, x0, PLOT_BASE, x1, x1, PLOT_BASE);
	fprintf(f, "<text class=\"t\" x=\"%.2f\" y=\"%.0f\">%.4g</text>"
		   "<text class=\"t\" x=\"%.2f\" y=\"%.0f\" text-anchor=\"end\">%.4g</text>\n",
		fmax(x0, 0), PLOT_HEIGHT - 4, l->low, fmin(x1, PLOT_WIDTH), PLOT_HEIGHT - 4, l->high);
}

void html_histogram(FILE *f, const struct compare_layer *l)
{
	struct view v;

	look(&v, l);
	fprintf(f, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"histogram\">\n",
		PLOT_WIDTH, PLOT_HEIGHT);
	if (l->coded)
		range_of(f, &v, l);
	bars(f, &v, l);
	fprintf(f, "<line class=\"g\" x1=\"0\" x2=\"%.0f\" y1=\"%.0f\" y2=\"%.0f\"/>\n", PLOT_WIDTH,
		PLOT_BASE, PLOT_BASE);
	if (l->coded)
		edges_of(f, &v, l);
	/* Where 0 is, unless a number stands there. */
	if (across(&v, 0) > 60 && across(&v, 0) < PLOT_WIDTH - 60)
		fprintf(f, "<text class=\"t\" x=\"%.2f\" y=\"%.0f\" text-anchor=\"middle\">0</text>\n",
			across(&v, 0), PLOT_HEIGHT - 4);
	fputs("</svg>\n", f);
}
