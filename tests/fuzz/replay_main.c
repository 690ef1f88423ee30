/*
 * replay_main.c - runs a fuzz target once over each file of the corpus folders (or files) named on
 * the command line, so that the corpus is a regression test under any compiler. A run without a
 * single input fails: it would prove nothing.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

static int replay(const char *path, const struct stat *info, int kind)
{
    size_t size = (size_t)info->st_size;
    FILE *file;
    uint8_t *input;

    if (kind != FTW_F) {
        return 0;
    }
    file = fopen(path, "rbe");
    input = malloc(size + 1);
    if (file == NULL || input == NULL || fread(input, 1, size, file) != size) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
    replayed++;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (ftw(argv[i], replay, 8) != 0) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
    }
    printf("replayed %lu inputs\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
