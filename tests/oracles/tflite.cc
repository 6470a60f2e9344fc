// SPDX-License-Identifier: MIT
/*
 * Runs the cases of build/bin/tflite_cases on TFLite's reference kernels:
 *
 *	FOLDER/list: a case a line: NAME SAMPLES exact | NAME SAMPLES decibels
 *	FOLDER/NAME.tflite, NAME.in, NAME.out: all inputs of a sample, all outputs, then
 *	the next sample
 *
 * "exact": every byte of the outputs; else float32 results and a least SQNR.
 */
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_builder.h"
#include "tensorflow/lite/kernels/register_ref.h"
#include "tensorflow/lite/model_builder.h"

namespace {

/* What TFLite has to say goes into the verdict. */
class Reporter : public tflite::ErrorReporter {
public:
	int Report(const char *format, va_list args) override
	{
		char line[512];

		vsnprintf(line, sizeof(line), format, args);
		text += std::string(text.empty() ? "" : "; ") + line;
		return 0;
	}
	std::string text;
};

struct Case {
	std::string name, rule;
	unsigned long samples = 0;
	double db = 0;
};

std::vector<char> slurp(const std::string &path)
{
	std::ifstream f(path, std::ios::binary);
	std::stringstream s;

	s << f.rdbuf();
	std::string all = s.str();
	return std::vector<char>(all.begin(), all.end());
}

double sqnr(const std::vector<char> &want, const std::vector<char> &have)
{
	double signal = 0, noise = 1e-300;

	for (size_t i = 0; i + 4 <= want.size(); i += 4) {
		float a, b;

		memcpy(&a, &want[i], 4);
		memcpy(&b, &have[i], 4);
		signal += double(a) * double(a);
		noise += (double(a) - double(b)) * (double(a) - double(b));
	}
	return 10 * std::log10(signal / noise);
}

/* All samples; what came out goes to @have. */
std::string run(tflite::Interpreter *t, const Case &c, const std::vector<char> &in,
		std::vector<char> *have)
{
	size_t at = 0;

	for (unsigned long s = 0; s < c.samples; s++) {
		for (int i : t->inputs()) {
			TfLiteTensor *x = t->tensor(i);

			if (at + x->bytes > in.size())
				return "its inputs are larger than Octet's";
			memcpy(x->data.raw, &in[at], x->bytes);
			at += x->bytes;
		}
		if (t->Invoke() != kTfLiteOk)
			return "it does not run";
		for (int i : t->outputs()) {
			const TfLiteTensor *y = t->tensor(i);

			have->insert(have->end(), y->data.raw, y->data.raw + y->bytes);
		}
	}
	return at == in.size() ? "" : "its inputs are smaller than Octet's";
}

std::string judge(const Case &c, const std::vector<char> &want, const std::vector<char> &have)
{
	size_t differ = 0, first = 0;

	if (want.size() != have.size())
		return "outputs of another size";
	for (size_t i = want.size(); i-- > 0;) {
		if (want[i] == have[i])
			continue;
		differ++;
		first = i;
	}
	if (c.rule == "exact") {
		printf("# %zu of %zu bytes equal\n", want.size() - differ, want.size());
		return differ ? std::to_string(differ) + " of " + std::to_string(want.size()) +
					" bytes differ, the first is " + std::to_string(first) : "";
	}
	double db = sqnr(want, have);

	printf("# %zu of %zu bytes equal, SQNR %.1f dB\n", want.size() - differ, want.size(), db);
	return db >= c.db ? "" : "SQNR " + std::to_string(db) + " dB, below " + c.rule;
}

std::string check(const std::string &folder, const Case &c)
{
	std::string base = folder + "/" + c.name;
	std::vector<char> file = slurp(base + ".tflite"), have;
	tflite::ops::builtin::BuiltinRefOpResolver ops;
	std::unique_ptr<tflite::Interpreter> t;
	Reporter report;
	auto model = tflite::FlatBufferModel::VerifyAndBuildFromBuffer(file.data(), file.size(),
								       nullptr, &report);
	std::string why;

	if (!model || tflite::InterpreterBuilder(*model, ops)(&t) != kTfLiteOk || !t ||
	    t->AllocateTensors() != kTfLiteOk)
		why = "it does not load";
	if (why.empty())
		why = run(t.get(), c, slurp(base + ".in"), &have);
	if (!why.empty())
		return why + ": " + report.text;
	return judge(c, slurp(base + ".out"), have);
}

} // namespace

int main(int argc, char **argv)
{
	std::string folder = argc > 1 ? argv[1] : ".", line;
	std::ifstream list(folder + "/list");
	int passed = 0, failed = 0;

	printf("# TFLite 2.14.1, reference kernels\n");
	while (std::getline(list, line)) {
		std::istringstream words(line);
		Case c;

		words >> c.name >> c.samples >> c.rule;
		c.db = atof(c.rule.c_str());
		std::string why = check(folder, c);

		printf("%s - %s%s%s\n", why.empty() ? "ok" : "not ok", c.name.c_str(),
		       why.empty() ? "" : ": ", why.c_str());
		fflush(stdout);
		(why.empty() ? passed : failed)++;
	}
	if (!passed && !failed) {
		printf("not ok - no cases in %s\n", folder.c_str());
		failed = 1;
	}
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
