import { commandWords } from "../../worker/src/contract/command-line.ts";

test.each<[string, string[]]>([
  ["python3 evaluate.py", ["python3", "evaluate.py"]],
  ["  node\ta.mjs \n --deep ", ["node", "a.mjs", "--deep"]],
  [`sh -c 'echo "$HOME"'`, ["sh", "-c", 'echo "$HOME"']],
  [`"my program" --name="a b"c`, ["my program", "--name=a bc"]],
  [`a "" ''`, ["a", "", ""]],
  [String.raw`a\ b "c\"d"`, ["a\\", "b", "c\\d"]],
  [`a "b c`, ["a", "b c"]],
  ["", []],
  [" \t\n", []],
])("the words of %j", (command, words) => {
  expect(commandWords(command)).toEqual(words);
});
