/* SPDX-License-Identifier: MIT */
/* The pieces of octet compare's page. */
#ifndef OCTET_REPORT_HTML_H
#define OCTET_REPORT_HTML_H

#include <stdio.h>

#include "compare.h"

/** html_text() - with &, <, > and quotes as entities; bytes that are no text as '?' */
void html_text(FILE *f, const char *text);

/** html_grade() - class of a value in dB: "good", "fair", "poor" */
const char *html_grade(double db);

/** html_sqnr_chart() - a bar per layer: all; a dot: alone */
void html_sqnr_chart(FILE *f, const struct compare *c);

/** html_histogram() - a layer's values by the float model, and the range of its codes */
void html_histogram(FILE *f, const struct compare_layer *l);

/** html_style - of the page, light and dark */
extern const char html_style[];

#endif
