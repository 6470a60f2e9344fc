// SPDX-License-Identifier: MIT
/* Sets of real samples: a file of float32 values, a .npy file, or a folder of these and images. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "set.h"

static bool is_npy(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".npy");
}

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "octet: %s: %s\n", path, why);
	return EXIT_FAILED;
}

/* Opens a file at its values. */
static FILE *open_values(const char *path, size_t *bytes)
{
	enum octet_dtype type = OCTET_FLOAT32;
	struct stat st;
	FILE *f;

	if (is_npy(path)) {
		f = tool_npy_open(path, &type, bytes);
		if (f && type != OCTET_FLOAT32) {
			fprintf(stderr, "octet: %s: has %s, samples must be float32: save it with "
				".astype(np.float32)\n", path, octet_dtype_name(type));
			fclose(f);
			f = NULL;
		}
		return f;
	}
	f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
		complain(path, f ? "is no regular file" : strerror(errno));
		if (f)
			fclose(f);
		return NULL;
	}
	*bytes = (size_t)st.st_size;
	return f;
}

/* Samples of a file, by its length. */
static int count_samples(const struct tool_set *s, const char *path, unsigned long *count)
{
	size_t bytes = 0, sample = s->elements * sizeof(float);
	char dims[96];
	FILE *f;

	*count = 1;
	if (tool_is_image(path))
		return EXIT_OK;
	f = open_values(path, &bytes);
	if (!f)
		return EXIT_FAILED;
	fclose(f);
	*count = bytes / sample;
	if (bytes && bytes % sample == 0)
		return EXIT_OK;
	fprintf(stderr, "octet: %s: has %zu bytes of values%s; a sample of input '%s' (float32 %s) has "
		"%zu\n", path, bytes, bytes ? ", no multiple of a sample's" : ": no sample", s->t.name,
		tool_dims(&s->t, dims, sizeof(dims)), sample);
	return EXIT_FAILED;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int list_folder(struct tool_set *s, const char *path)
{
	struct dirent **entry = NULL;
	int n = scandir(path, &entry, visible, alphasort), ret = EXIT_OK;

	if (n < 0)
		return complain(path, strerror(errno));
	s->file = calloc((size_t)n + 1, sizeof(*s->file));
	for (int i = 0; i < n; i++) {
		size_t room = strlen(path) + strlen(entry[i]->d_name) + 2;
		char *name = s->file ? malloc(room) : NULL;

		if (name) {
			snprintf(name, room, "%s/%s", path, entry[i]->d_name);
			s->file[s->files++] = name;
		} else {
			ret = EXIT_FAILED;
		}
		free(entry[i]);
	}
	free(entry);
	if (ret)
		return complain(path, "out of memory");
	return n ? EXIT_OK : complain(path, "the folder is empty: no sample");
}

static int list_files(struct tool_set *s, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return complain(path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return list_folder(s, path);
	s->file = calloc(1, sizeof(*s->file));
	if (!s->file || !(s->file[0] = strdup(path)))
		return complain(path, "out of memory");
	s->files = 1;
	return EXIT_OK;
}

static int open_one(struct tool_set *s, const struct octet_model *model, uint32_t input,
		    const char *path)
{
	int ret;

	s->t.size = sizeof(s->t);
	octet_model_tensor(model, (uint32_t)octet_model_input(model, input), &s->t);
	s->elements = s->t.bytes / tool_element_bytes(s->t.type);
	s->t.type = OCTET_FLOAT32;
	s->t.quants = 0;
	s->t.bytes = s->elements * sizeof(float);
	ret = list_files(s, path);
	if (ret)
		return ret;
	s->first = calloc(s->files + 1, sizeof(*s->first));
	if (!s->first)
		return complain(path, "out of memory");
	for (size_t i = 0; i < s->files; i++) {
		unsigned long count;

		ret = count_samples(s, s->file[i], &count);
		if (ret)
			return ret;
		s->first[i + 1] = s->first[i] + count;
	}
	return EXIT_OK;
}

int tool_sets_open(struct tool_sets *s, const struct tool_options *o,
		   const struct octet_model *model)
{
	memset(s, 0, sizeof(*s));
	s->o = o;
	s->inputs = octet_model_inputs(model);
	if (s->inputs > TOOL_INPUTS || s->inputs != o->set_count) {
		fprintf(stderr, "octet: %s has %u inputs, sets are given for %u: one for each\n",
			o->model, s->inputs, o->set_count);
		return EXIT_USAGE;
	}
	for (uint32_t i = 0; i < s->inputs; i++) {
		struct tool_set *set = &s->set[i];
		int ret = open_one(set, model, i, o->sets[i]);

		if (!ret && i && set->first[set->files] != s->count) {
			fprintf(stderr, "octet: %s: %lu samples, the first set has %lu\n",
				o->sets[i], set->first[set->files], s->count);
			ret = EXIT_FAILED;
		}
		if (ret) {
			tool_sets_close(s);
			return ret;
		}
		s->count = set->first[set->files];
	}
	s->used = o->limit && o->limit < s->count ? o->limit : s->count;
	return EXIT_OK;
}

void tool_sets_close(struct tool_sets *s)
{
	for (uint32_t i = 0; i < TOOL_INPUTS; i++) {
		struct tool_set *set = &s->set[i];

		for (size_t k = 0; k < set->files; k++)
			free(set->file[k]);
		free(set->file);
		free(set->first);
		if (set->f)
			fclose(set->f);
	}
	memset(s, 0, sizeof(*s));
}

unsigned long tool_sets_index(const struct tool_sets *s, unsigned long i)
{
	return (unsigned long)((double)i * (double)s->count / (double)s->used);
}

static int read_image(const struct tool_sets *all, struct tool_set *s, const char *path, float *out)
{
	uint8_t *p = tool_image_read(all->o, path, &s->t);

	if (!p)
		return EXIT_FAILED;
	memcpy(out, p, s->t.bytes);
	free(p);
	return EXIT_OK;
}

/* The file of a sample, opened; files are mostly read in their order. */
static int turn_to(struct tool_set *s, size_t file)
{
	size_t bytes;

	if (s->f && s->current == file)
		return EXIT_OK;
	if (s->f)
		fclose(s->f);
	s->f = open_values(s->file[file], &bytes);
	s->current = file;
	s->begin = s->f ? ftell(s->f) : 0;
	return s->f ? EXIT_OK : EXIT_FAILED;
}

static int read_one(const struct tool_sets *all, struct tool_set *s, unsigned long sample,
		    float *out)
{
	size_t lo = 0, hi = s->files;
	unsigned long at;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->first[mid] <= sample)
			lo = mid;
		else
			hi = mid;
	}
	if (tool_is_image(s->file[lo]))
		return read_image(all, s, s->file[lo], out);
	at = sample - s->first[lo];
	if (turn_to(s, lo))
		return EXIT_FAILED;
	if (fseek(s->f, s->begin + (long)(at * s->t.bytes), SEEK_SET) ||
	    fread(out, 1, s->t.bytes, s->f) != s->t.bytes)
		return complain(s->file[lo], "it became shorter while it was read");
	for (size_t i = 0; i < s->elements; i++) {
		if (isfinite(out[i]))
			continue;
		fprintf(stderr, "octet: %s: sample %lu, value %zu is %s: samples must be finite "
			"numbers\n", s->file[lo], at, i, isnan(out[i]) ? "NaN" : "infinite");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

int tool_sets_read(struct tool_sets *s, unsigned long i, float *const *out)
{
	unsigned long sample = tool_sets_index(s, i);

	for (uint32_t k = 0; k < s->inputs; k++) {
		int ret = read_one(s, &s->set[k], sample, out[k]);

		if (ret)
			return ret;
	}
	return EXIT_OK;
}
