/**
 * 1 if the parameter is prime, 0 if not; the sum of all results is the number of primes below the total. Trial division by
 * numbers of the form 6k - 1 and 6k + 1, which every larger prime is.
 *
 * @see https://oeis.org/A006880 (the number of primes below powers of 10)
 */
export const columns = ["prime"];

export function evaluate(parameter: number): { prime: number } {
  return { prime: isPrime(parameter) ? 1 : 0 };
}

function isPrime(value: number): boolean {
  if (value < 4) return value > 1;
  if (value % 2 === 0 || value % 3 === 0) return false;
  for (let divisor = 5; divisor * divisor <= value; divisor += 6) {
    if (value % divisor === 0 || value % (divisor + 2) === 0) return false;
  }
  return true;
}
