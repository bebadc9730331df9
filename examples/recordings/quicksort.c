/* Fills an array with pseudo-random numbers and sorts it: gcc -O1 -o quicksort quicksort.c */
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    int *numbers = malloc(n * sizeof *numbers);
    unsigned long state = 42;
    for (size_t i = 0; i < n; i++) {
        state = state * 6364136223846793005UL + 1442695040888963407UL;
        numbers[i] = (int)(state >> 33);
    }
    qsort(numbers, n, sizeof *numbers, compare);
    printf("%d %d\n", numbers[0], numbers[n - 1]);
    free(numbers);
    return 0;
}
