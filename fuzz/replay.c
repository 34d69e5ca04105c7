// SPDX-License-Identifier: Apache-2.0
// replay.c: runs a fuzz target without libFuzzer: every argument is an input file or a folder of them.
// Prints one line, "replayed N inputs"; an input that fails ends the process as it would under libFuzzer.
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long done;

// The input is copied to a block of exactly its size, so that AddressSanitizer sees a read past the end.
static bool run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	if (!f || fstat(fileno(f), &st) != 0 || st.st_size < 0) {
		perror(path);
		if (f)
			fclose(f);
		return false;
	}
	size_t n = (size_t)st.st_size;
	uint8_t *data = malloc(n ? n : 1);
	size_t got = data && n ? fread(data, 1, n, f) : 0;
	fclose(f);
	bool whole = data && got == n;
	if (whole) {
		fprintf(stderr, "%s\n", path); // the last line before a crash names the input
		LLVMFuzzerTestOneInput(data, n);
		done++;
	}
	free(data);
	return whole;
}

static bool run_folder(const char *path)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);
	bool good = n >= 0;
	for (int i = 0; i < n; i++) {
		size_t room = strlen(path) + strlen(list[i]->d_name) + 2;
		char *name = malloc(room);
		struct stat st;
		if (name && list[i]->d_name[0] != '.') {
			snprintf(name, room, "%s/%s", path, list[i]->d_name);
			if (stat(name, &st) == 0 && S_ISREG(st.st_mode) && !run_file(name))
				good = false;
		}
		free(name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	else
		perror(path);
	return good;
}

int main(int argc, char **argv)
{
	bool good = true;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
		if (!(folder ? run_folder(argv[i]) : run_file(argv[i])))
			good = false;
	}
	printf("replayed %lu inputs\n", done);
	return good && done ? 0 : 1; // a folder without seeds tests nothing
}
